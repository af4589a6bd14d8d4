/** Ordinary work, as data: what a sandbox must let through. */
import { type Tier } from "../tier.ts";

export interface Benign {
  readonly id: string;
  readonly command: readonly string[] | string;
  /** A program that it starts. */
  readonly needs?: string;
  readonly cwd?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What it prints; default anything. */
  readonly prints?: RegExp;
  /** Default 0. */
  readonly exitCode?: number;
  /** Default T0. */
  readonly from?: Tier;
}

const TEXT = { "a.txt": "one\ntwo\nthree\n", "sub/b.txt": "four\n" };

const plain: readonly Benign[] = [
  { id: "echo", command: ["echo", "hello"], prints: /^hello\n$/ },
  { id: "split-words", command: `echo "a b" 'c d' e\\ f`, prints: /^a b c d e f\n$/ },
  { id: "list", command: ["ls", "-la"], files: TEXT, prints: /a\.txt/ },
  { id: "read", command: ["cat", "a.txt"], files: TEXT, prints: /^one\ntwo\nthree\n$/ },
  { id: "read-below", command: ["cat", "b.txt"], cwd: "sub", files: TEXT, prints: /^four\n$/ },
  { id: "copy", command: ["cp", "-rp", "sub", "copy"], files: TEXT },
  { id: "move", command: ["mv", "a.txt", "sub/moved.txt"], files: TEXT },
  { id: "remove", command: ["rm", "-r", "sub"], files: TEXT },
  { id: "make", command: ["mkdir", "-p", "x/y/z"] },
  { id: "link", command: ["ln", "-s", "a.txt", "link"], files: TEXT },
  { id: "hardlink", command: ["ln", "a.txt", "sub/hard"], files: TEXT },
  { id: "mode", command: ["chmod", "600", "a.txt"], files: TEXT },
  { id: "count", command: ["wc", "-l", "a.txt"], files: TEXT, prints: /^3 a\.txt/ },
  { id: "search", command: ["grep", "-rn", "four", "."], files: TEXT, prints: /sub\/b\.txt:1:four/ },
  { id: "sort", command: ["sort", "-r", "a.txt"], files: TEXT, prints: /^two\nthree\none\n$/ },
  { id: "hash", command: ["sha256sum", "a.txt"], files: TEXT, prints: /^[0-9a-f]{64}/ },
  { id: "truncate", command: ["truncate", "-s", "2", "a.txt"], files: TEXT },
  { id: "temporary", command: ["mktemp"], prints: /^\/.*\n$/ },
  { id: "who", command: ["id"], prints: /^uid=[1-9]/ },
  { id: "system", command: ["uname", "-a"], prints: /Linux/ },
  { id: "date", command: ["date", "+%Y"], prints: /^20\d\d\n$/ },
  { id: "users", command: ["head", "-1", "/etc/passwd"], prints: /^root:/ },
  { id: "null", command: ["cp", "/dev/null", "empty"] },
  { id: "random", command: ["head", "-c", "8", "/dev/urandom"] },
  { id: "failing", command: ["cat", "missing"], exitCode: 1 },
  { id: "false", command: ["false"], exitCode: 1 },
  { id: "variables", command: ["printenv", "HOME", "TMPDIR"], prints: /^(\/.+)\n\1\n$/ },
];

const launching: readonly Benign[] = [
  { id: "find", command: ["find", ".", "-name", "*.txt"], files: TEXT, prints: /sub\/b\.txt/ },
  { id: "find-exec", command: ["find", ".", "-name", "b.txt", "-exec", "cat", "{}", "+"], files: TEXT, prints: /four/ },
  { id: "shell", command: ["sh", "-c", "cat a.txt | wc -l > n; cat n"], files: TEXT, prints: /^\s*3\n$/ },
  { id: "shell-code", command: ["sh", "-c", "exit 7"], exitCode: 7 },
  {
    id: "shell-background",
    command: ["sh", "-c", "sleep 5 & kill $!; wait $! 2>/dev/null; echo ended"],
    prints: /ended/,
  },
  { id: "shell-temporary", command: ["sh", "-c", 'echo x > "$TMPDIR/f" && cat "$HOME/f"'], prints: /^x\n$/ },
  { id: "awk", command: ["awk", "{ n += NF } END { print n }", "a.txt"], files: TEXT, prints: /^3\n$/ },
  { id: "sed", command: ["sed", "-i", "s/one/1/", "a.txt"], files: TEXT },
  { id: "xargs", command: ["xargs", "-a", "a.txt", "echo"], files: TEXT, prints: /^one two three\n$/ },
  {
    id: "tar",
    command: ["sh", "-c", "tar czf x.tgz sub && rm -r sub && tar xzf x.tgz && cat sub/b.txt"],
    files: TEXT,
    prints: /four/,
  },
  { id: "perl", command: ["perl", "-ne", "print if /t/", "a.txt"], files: TEXT, prints: /^two\nthree\n$/ },
  {
    id: "python",
    command: ["python3", "-c", "import json, os; print(json.dumps(sorted(os.listdir('.'))))"],
    files: TEXT,
    prints: /a\.txt/,
  },
  {
    id: "python-child",
    command: ["python3", "-c", "import subprocess; print(subprocess.check_output(['echo', 'x']))"],
    prints: /x/,
  },
  {
    id: "git",
    needs: "git",
    command: [
      "sh",
      "-c",
      "git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm x && git log --oneline && git status --short",
    ],
    files: TEXT,
    prints: /^[0-9a-f]+ x\n/,
  },
  { id: "make", command: ["make", "-s"], files: { Makefile: "all:\n\t@echo made\n" }, prints: /^made\n$/ },
  { id: "timeout", command: ["timeout", "1", "sleep", "30"], exitCode: 124 },
  {
    id: "node",
    command: ["node", "-e", "console.log(require('fs').readdirSync('.').length)"],
    files: TEXT,
    prints: /^2\n$/,
  },
  {
    id: "node-child",
    command: ["node", "-p", "String(require('child_process').execFileSync('echo', ['x']))"],
    prints: /^x\n/,
  },
].map((benign) => ({ ...benign, id: `${benign.id} (starts others)`, from: "T2" }) as const);

export const BENIGN: readonly Benign[] = [...plain, ...launching];
