/** Terminal (protocol §2.7, §6.1; docs/security.md). */
export const terminal = {
  "terminal.split": "A command line is split as CPython's shlex.split does (protocol §2.7)",
  "terminal.no-shell": "No shell is ever started (protocol §2.7)",
  "terminal.pin": "Allowed names mean files of the system, found once at start, whatever PATH says (protocol §6.1)",
  "terminal.launchers": "Commands that start others need a kernel sandbox (protocol §2.7)",
  "terminal.env": "A tool's environment is minimal, plus allowed names (protocol §6.1)",
  "terminal.cwd": "A working directory outside the workspace is refused, by link, by `..` or by name (protocol §6.1)",
  "terminal.timeout": "At the timeout the whole process group ends (protocol §2.7, §6.1)",
  "terminal.endings":
    "A command that exits with 137 has exited, and one that was killed was signaled, at every tier (protocol §2.7)",
  "terminal.cap": "Output is capped on raw bytes, and exactly the cap is not truncated (protocol §6.1)",
  "terminal.text": "What the model reads has no escape sequences, control or bidi characters (protocol §2.7)",
  "terminal.live": "Live output comes in at most ten pieces a second and loses nothing (protocol §2.7)",
  "terminal.cancel": "A cancelled command ends with everything it started (protocol §2.7)",
  "terminal.never-root": "A tool never runs as root (protocol §7.3)",
  "terminal.rlimits": "At T1 a tool has resource limits and cannot gain privileges (protocol §7.3)",
  "terminal.descriptors": "A tool inherits nothing but its standard streams (protocol §2.7)",
  "terminal.min-tier": "Below the required tier the terminal is not offered and every call is denied (protocol §2.7)",
  "terminal.leaks":
    "A thousand commands leave no descriptor, process, zombie or file behind, at every tier (protocol §7.4)",
  "terminal.box": "exec.ts runs one command without Redis: one JSON object in, one out (protocol §7.2)",
  "terminal.canaries": "A sandbox counts only where attacks made on purpose at start were stopped (protocol §7.3)",
  "terminal.seccomp":
    "The system call filter refuses the ways out and lets work through, on x64 and arm64 (protocol §7.3)",
  "terminal.attacks": "Each tier stops exactly the attacks that its table names, and no ordinary work (protocol §7.3)",
  "terminal.report":
    "The tier in force and the reasons against others are in the log, on `/ready` and in the offer (protocol §4)",
  "terminal.admission":
    "Commands wait for a place by conversation and runner, and waiting does not count as running (protocol §2.7)",
  "terminal.waiting":
    "Commands that wait for their turn keep neither other toolsets' calls nor other conversations' commands waiting (protocol §2.7)",
  "terminal.quota": "A workspace holds no more than its quota (protocol §6.1)",
  "files.list": "A workspace's regular files can be listed (protocol §4)",
  "files.read": "A file is read in parts of one version (protocol §4)",
  "files.path": "No path, link or second name leads out of the workspace (protocol §4)",
  "files.desk":
    "Tool-runners hand out the files of conversations, and remove them with the conversation (protocol §3.5, §4)",
  "terminal.leftovers": "After a killed runner and the start of the next no process of a tool is left (protocol §7.4)",
} as const;
