/** Harmless commands on other people's files: only the kernel can tell those from the workspace's. */
import { type Attack, attacks, FROM_T2, ONLY_T3 } from "../attack.ts";

const reading = [
  ...attacks(
    { sign: "reads", stoppedAt: FROM_T2, links: { link: "{outside}/secret.txt", directory: "{outside}" } },
    {
      "read-absolute": ["cat", "{outside}/secret.txt"],
      "read-relative": ["cat", "../outside/secret.txt"],
      "read-link": ["cat", "link"],
      "read-through-link": ["cat", "directory/secret.txt"],
      "read-proc-root": ["cat", "/proc/self/root{outside}/secret.txt"],
      "read-proc-cwd": ["cat", "/proc/self/cwd/../outside/secret.txt"],
      "read-copy": ["cp", "{outside}/secret.txt", "copy"],
      "read-copy-tree": ["cp", "-r", "{outside}", "copy"],
      "read-move": ["mv", "{outside}/secret.txt", "moved"],
      "read-head": ["head", "-c", "100", "{outside}/secret.txt"],
      "read-grep": ["grep", "-r", ".", "{outside}"],
      "read-sort": ["sort", "{outside}/secret.txt"],
      "read-file-list": ["wc", "--files0-from={outside}/secret.txt"],
      "read-hardlink": ["ln", "{outside}/secret.txt", "hard"],
      "read-dd": ["base64", "-w0", "-d", "{outside}/secret.b64"],
      "read-environ": ["cat", "/proc/{pid}/environ"],
      "read-command-line": ["cat", "/proc/{pid}/cmdline"],
    },
  ),
];

const listing = attacks(
  { sign: "reads", stoppedAt: FROM_T2 },
  { "list-outside": ["ls", "{outside}"], "list-parent": ["ls", "-R", "../outside"] },
);

const writing = [
  ...attacks(
    { sign: "writes", stoppedAt: FROM_T2, files: { mine: "mine" }, links: { link: "{outside}/precious.txt" } },
    {
      "write-touch": ["touch", "{outside}/new"],
      "write-copy": ["cp", "mine", "{outside}/new"],
      "write-over": ["cp", "mine", "{outside}/precious.txt"],
      "write-through-link": ["cp", "mine", "link"],
      "write-move": ["mv", "mine", "{outside}/new"],
      "write-rename": ["mv", "{outside}/precious.txt", "{outside}/gone"],
      "write-remove": ["rm", "{outside}/precious.txt"],
      "write-directory": ["mkdir", "{outside}/new"],
      "write-link": ["ln", "-s", "/etc/passwd", "{outside}/new"],
      "write-hardlink": ["ln", "mine", "{outside}/new"],
      "write-truncate": ["truncate", "-s", "0", "{outside}/precious.txt"],
      "write-fifo": ["mkfifo", "{outside}/new"],
      "write-shared-memory": ["touch", "/dev/shm/holdfast-{mark}"],
      "write-temporary": ["touch", "/tmp/holdfast-{mark}"],
    },
  ),
];

/** Landlock judges what is opened, made and removed, and not a file's mode, times or size. */
const metadata = [
  ...attacks({ sign: "writes", stoppedAt: ONLY_T3 }, { "write-mode": ["chmod", "777", "{outside}/precious.txt"] }),
  ...attacks({ sign: "runs", stoppedAt: ONLY_T3 }, { "read-size": ["stat", "{outside}/secret.txt"] }),
];

export const fileAttacks: readonly Attack[] = [...reading, ...listing, ...writing, ...metadata];
