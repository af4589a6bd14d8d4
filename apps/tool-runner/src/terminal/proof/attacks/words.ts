/** Against the rules that need no kernel: words, names, directories, variables, output, endings. */
import { type Attack, attacks, EVERYWHERE } from "../attack.ts";

const shellSyntax = attacks(
  { sign: "writes", stoppedAt: EVERYWHERE },
  {
    "shell-semicolon": "echo hi; touch {outside}/new",
    "shell-and": "echo hi && touch {outside}/new",
    "shell-background": "echo hi & touch {outside}/new",
    "shell-newline": "echo hi\ntouch {outside}/new",
    "shell-redirect": "echo hi > {outside}/new",
    "shell-append": "echo hi >> {outside}/precious.txt",
    "shell-substitution": "echo $(touch {outside}/new)",
    "shell-backticks": "echo `touch {outside}/new`",
    "shell-quoted-substitution": 'echo "$(touch {outside}/new)"',
    "shell-pipe": "echo {outside}/new | xargs touch",
  },
);

const names = attacks(
  { sign: "runs", stoppedAt: EVERYWHERE, isNotAllowed: true, files: { ls: "#!/bin/sh\necho D''ONE\n" } },
  {
    "name-not-allowed": ["hostid"],
    "path-not-allowed": ["/usr/bin/hostid"],
    "path-of-workspace": ["{root}/ls"],
    "path-relative": ["./ls"],
    "path-with-dots": ["/usr/bin/../../usr/bin/hostid"],
    "setuid-program": ["mount"],
  },
);

const directories = [
  ...attacks(
    { sign: "reads", stoppedAt: EVERYWHERE, cwd: "../outside" },
    { "cwd-parent": ["cat", "secret.txt"], "cwd-parent-copy": ["cp", "secret.txt", "{root}/copy"] },
  ),
  ...attacks(
    { sign: "reads", stoppedAt: EVERYWHERE, cwd: "link", links: { link: "{outside}" } },
    { "cwd-link": ["cat", "secret.txt"] },
  ),
  ...attacks(
    { sign: "reads", stoppedAt: EVERYWHERE, cwd: "link/..", links: { link: "{outside}" } },
    { "cwd-link-dots": ["cat", "outside/secret.txt"] },
  ),
  ...attacks({ sign: "reads", stoppedAt: EVERYWHERE, cwd: "{outside}" }, { "cwd-absolute": ["cat", "secret.txt"] }),
  ...attacks(
    { sign: "reads", stoppedAt: EVERYWHERE, cwd: "/proc/self/root{outside}" },
    { "cwd-proc": ["cat", "secret.txt"] },
  ),
];

const variables = [
  ...attacks(
    { sign: "reads", stoppedAt: EVERYWHERE },
    {
      "env-secret": ["printenv", "OTHERS_SECRET"],
      "env-all": ["printenv"],
      "env-of-self": ["cat", "/proc/self/environ"],
    },
  ),
  ...attacks(
    { sign: "reads", stoppedAt: EVERYWHERE, envAllow: ["LD_AUDIT", "GIT_SECRET", "PATH", "BASH_ENV"] },
    { "env-denied-name": ["printenv"] },
  ),
];

const output = [
  ...attacks(
    { sign: "disguises", stoppedAt: EVERYWHERE },
    {
      "output-colour": ["printf", String.raw`\033[31mred\033[0m`],
      "output-title": ["printf", String.raw`\033]0;title\007`],
      "output-clipboard": ["printf", String.raw`\033]52;c;aGk=\033\\`],
      "output-link": ["printf", String.raw`\033]8;;http://x\033\\text\033]8;;\033\\`],
      "output-c1": ["printf", String.raw`\302\2332J`],
      "output-bidi": ["printf", String.raw`abc\342\200\256cba`],
      "output-isolate": ["printf", String.raw`a\342\201\246b`],
      "output-device-control": ["printf", String.raw`\033P$q\033\\`],
      "output-backspace": ["printf", String.raw`rm -rf\b\b\b\b\b\bls`],
      "output-null": ["printf", String.raw`a\0b`],
    },
  ),
  ...attacks(
    { sign: "floods", stoppedAt: EVERYWHERE },
    { "output-flood": ["yes"], "output-zero": ["cat", "/dev/zero"] },
  ),
];

const endings = attacks(
  { sign: "outlives", stoppedAt: EVERYWHERE, timeoutMs: 300 },
  {
    "timeout-sleep": ["sleep", "{mark}"],
    "timeout-tail": ["tail", "-f", "/dev/null", "--pid", "{pid}", "-s", "{mark}"],
  },
);

export const wordAttacks: readonly Attack[] = [
  ...shellSyntax,
  ...names,
  ...directories,
  ...variables,
  ...output,
  ...endings,
];
