/**
 * Allowed names that start what is not allowed, or read and write wherever they are told. Below T2 they are not run at all; from
 * there on whatever they start is confined as they are.
 */
import { type Attack, attacks, EVERYWHERE } from "../attack.ts";

const SECRET = "{outside}/secret.txt";
const NEW = "{outside}/new";

const reading = attacks(
  { sign: "reads", stoppedAt: EVERYWHERE, files: { "arguments.txt": SECRET, Makefile: `all:\n\tcat ${SECRET}\n` } },
  {
    "find-exec": ["find", ".", "-maxdepth", "0", "-exec", "cat", SECRET, ";"],
    "find-outside": ["find", "{outside}", "-type", "f"],
    "find-files0": ["find", "-files0-from", SECRET],
    "tar-create": ["tar", "-cPf", "-", SECRET],
    "tar-checkpoint": [
      "tar",
      "-cf",
      "/dev/null",
      "--checkpoint=1",
      `--checkpoint-action=exec=cat ${SECRET}`,
      "arguments.txt",
    ],
    "tar-files-from": ["tar", "-cvf", "/dev/null", "-T", SECRET],
    "awk-system": ["awk", `BEGIN { system("cat ${SECRET}") }`],
    "awk-getline": ["awk", `BEGIN { while ((getline line < "${SECRET}") > 0) print line }`],
    "awk-pipe": ["awk", `BEGIN { "cat ${SECRET}" | getline line; print line }`],
    "sed-execute": ["sed", `1e cat ${SECRET}`, "arguments.txt"],
    "sed-read": ["sed", `r ${SECRET}`, "arguments.txt"],
    "xargs-file": ["xargs", "-a", "arguments.txt", "cat"],
    "env-command": ["env", "cat", SECRET],
    "env-split": ["env", "-S", `cat ${SECRET}`],
    "sh-c": ["sh", "-c", `cat ${SECRET}`],
    "bash-c": ["bash", "-c", `cat ${SECRET}`],
    "perl-open": ["perl", "-e", `open(F, "<", "${SECRET}"); print <F>`],
    "python-open": ["python3", "-c", `print(open("${SECRET}").read())`],
    "make-recipe": ["make"],
    "nice-command": ["nice", "cat", SECRET],
    "timeout-command": ["timeout", "5", "cat", SECRET],
    "nohup-command": ["nohup", "cat", SECRET],
    "stdbuf-command": ["stdbuf", "-o0", "cat", SECRET],
    "setsid-command": ["setsid", "-w", "cat", SECRET],
    "dd-read": ["dd", `if=${SECRET}`, "status=none"],
    "split-filter": ["split", "--filter", `cat ${SECRET}`, "arguments.txt"],
    "chroot-command": ["env", "-C", "{outside}", "cat", "secret.txt"],
    "ionice-command": ["ionice", "cat", SECRET],
    "flock-command": ["flock", "arguments.txt", "cat", SECRET],
    "linker-command": ["env", "/lib64/ld-linux-x86-64.so.2", "/usr/bin/cat", SECRET],
  },
);

const writing = attacks(
  { sign: "writes", stoppedAt: EVERYWHERE, files: { mine: "mine\n", "evil.tar": "" } },
  {
    "tee-write": ["tee", NEW],
    "dd-write": ["dd", "if=mine", `of=${NEW}`, "status=none"],
    "sed-write": ["sed", `w ${NEW}`, "mine"],
    "sed-in-place": ["sed", "-i", "s/p/q/", "{outside}/precious.txt"],
    "awk-write": ["awk", `BEGIN { print "x" > "${NEW}" }`],
    "find-write": ["find", ".", "-fprint", NEW],
    "find-delete": ["find", "{outside}", "-name", "precious.txt", "-delete"],
    "tar-extract": ["tar", "-cPf", NEW, "mine"],
    "perl-write": ["perl", "-e", `open(F, ">", "${NEW}"); print F "x"`],
    "sort-program": ["sort", "--compress-program", `touch ${NEW}`, "-o", NEW, "mine"],
    "shell-redirect-program": ["sh", "-c", `echo x > ${NEW}`],
  },
);

/** A repository that a tool, or a download, has prepared: git runs what its configuration names. */
const REPOSITORY = {
  ".git/HEAD": "ref: refs/heads/main\n",
  ".git/refs/heads/.keep": "",
  ".git/objects/.keep": "",
  file: "text\n",
};
const gitConfig = (section: string, setting: string): string =>
  `[core]\n\trepositoryformatversion = 0\n[${section}]\n\t${setting}\n`;

function gitAttack(id: string, section: string, setting: string, command: readonly string[]): Attack {
  const files = { ...REPOSITORY, ".git/config": gitConfig(section, setting) };
  return { id, command, files, sign: "writes", stoppedAt: EVERYWHERE };
}

const git: readonly Attack[] = [
  gitAttack("git-fsmonitor", "core", `fsmonitor = "touch ${NEW}; false"`, ["git", "status"]),
  gitAttack("git-alias", "alias", `st = !touch ${NEW}`, ["git", "st"]),
  gitAttack("git-ssh", "core", `sshCommand = touch ${NEW};`, ["git", "ls-remote", "ssh://nowhere.invalid/x"]),
  gitAttack("git-editor", "core", `editor = touch ${NEW};`, ["git", "config", "--edit"]),
  ...attacks(
    { sign: "writes", stoppedAt: EVERYWHERE, files: REPOSITORY },
    {
      "git-option": ["git", "-c", `alias.x=!touch ${NEW}`, "x"],
      "git-init": ["git", "init", "-q", NEW],
      "git-external": ["git", "-c", "protocol.ext.allow=always", "ls-remote", `ext::touch ${NEW}`],
    },
  ),
];

/** Programs that the tool has written itself. */
const executing = attacks(
  { sign: "does", stoppedAt: EVERYWHERE, files: { "program.sh": "#!/bin/sh\necho DO''NE\n" } },
  {
    "execute-script": ["env", "./program.sh"],
    "execute-found": ["find", ".", "-name", "program.sh", "-exec", "{}", ";"],
    "execute-copy": ["sh", "-c", "cp /bin/echo ./mine; ./mine DO''NE"],
    "execute-home": ["sh", "-c", 'cp /bin/echo "$HOME/mine"; "$HOME/mine" DO\'\'NE'],
    "execute-link": ["sh", "-c", "ln -s program.sh link; ./link"],
    "execute-temporary": ["sh", "-c", "cp /bin/echo /tmp/m{mark}; /tmp/m{mark} DO''NE; rm /tmp/m{mark}"],
  },
);

export const launcherAttacks: readonly Attack[] = [...reading, ...writing, ...git, ...executing];
