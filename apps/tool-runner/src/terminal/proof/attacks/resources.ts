/** More than a fair share of the machine. */
import { type Attack, attacks, EVERYWHERE, FROM_T1 } from "../attack.ts";

const limited: readonly Attack[] = [
  { id: "resource-file", command: ["cp", "/dev/zero", "big"], limits: { fileBytes: 1 << 20 }, timeoutMs: 1_500 },
  { id: "resource-memory", command: ["tail", "/dev/zero"], limits: { memoryBytes: 64 << 20 }, timeoutMs: 1_500 },
  { id: "resource-processor", command: ["sha256sum", "/dev/zero"], limits: { cpuSeconds: 1 }, timeoutMs: 8_000 },
].map((attack) => ({ ...attack, sign: "hoards", stoppedAt: FROM_T1 }));

export const resourceAttacks: readonly Attack[] = [
  ...limited,
  ...attacks(
    { sign: "does", stoppedAt: EVERYWHERE, limits: { processes: 40, openFiles: 64 }, timeoutMs: 5_000 },
    {
      "resource-processes": [
        "perl",
        "-e",
        '$| = 1; my $n = 0; for (1 .. 400) { my $p = fork; last unless defined $p; if (!$p) { sleep 3; exit } $n++ } print "DO" . "NE" if $n > 350; kill 9, 0',
      ],
      "resource-descriptors": [
        "perl",
        "-e",
        'my @f; for (1 .. 300) { open(my $f, "<", "/dev/null") or last; push @f, $f } print "DO" . "NE" if @f > 250',
      ],
    },
  ),
];
