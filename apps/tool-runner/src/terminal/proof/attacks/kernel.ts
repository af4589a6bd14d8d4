/** Straight to the kernel, by programs that can make any system call. Below T2 no such program is run. */
import { SYSCALL_NUMBERS, type SyscallName } from "../../seccomp/syscall-numbers.ts";
import { type Attack, attacks, EVERYWHERE } from "../attack.ts";

const numberOf = (name: SyscallName): number => SYSCALL_NUMBERS[name][process.arch === "arm64" ? "arm64" : "x64"];

/** Prints DONE where the kernel let it. `before` prepares; `$x` may be used in `args`. */
function perlCall(name: SyscallName, args: string, before = ""): string[] {
  const call = `syscall(${[numberOf(name), args].filter((part) => part !== "").join(", ")})`;
  return ["perl", "-e", `${before} print ${call} == -1 ? "refused: $!" : "DO" . "NE"`];
}

const calls = attacks(
  { sign: "does", stoppedAt: EVERYWHERE },
  {
    "call-socket": perlCall("socket", "2, 1, 0"),
    "call-unix-socket": perlCall("socket", "1, 1, 0"),
    "call-netlink": perlCall("socket", "16, 3, 0"),
    "call-datagram-pair": perlCall("socketpair", "1, 2, 0, $x", 'my $x = "\\0" x 8;'),
    "call-ptrace": perlCall("ptrace", "0, 0, 0, 0"),
    "call-ptrace-attach": perlCall("ptrace", "0x4206, {pid}, 0, 0"),
    "call-read-memory": perlCall("process_vm_readv", "$x, 0, 0, 0, 0, 0", "my $x = $$ + 0;"),
    "call-kcmp": perlCall("kcmp", "$x, $x, 0, 0, 0", "my $x = $$ + 0;"),
    "call-pidfd": perlCall("pidfd_open", "{pid}, 0"),
    "call-unshare-user": perlCall("unshare", "0x10000000"),
    "call-clone-user": perlCall("clone", "0x10000011, 0, 0, 0, 0"),
    "call-clone3": perlCall("clone3", "$x, 64", 'my $x = pack("Q8", 0, 0, 0, 0, 17, 0, 0, 0);'),
    "call-keyring": perlCall("keyctl", "0, -3, 1"),
    "call-add-key": perlCall("add_key", "$x, $y, $y, 1, -3", 'my $x = "user"; my $y = "hf";'),
    "call-io-uring": perlCall("io_uring_setup", "1, $x", 'my $x = "\\0" x 120;'),
    "call-memfd": perlCall("memfd_create", "$x, 0", 'my $x = "x";'),
    "call-personality": perlCall("personality", "0x0040000"),
    "call-userfaultfd": perlCall("userfaultfd", "1"),
    "call-shared-memory": perlCall("shmget", "0, 4096, 0600"),
    "call-message-queue": perlCall("msgget", "0, 0600"),
    "call-semaphores": perlCall("semget", "0, 1, 0600"),
    "call-posix-queue": perlCall("mq_open", "$x, 0x41, 0600, 0", 'my $x = "hf{mark}";'),
    "call-open-tree": perlCall("open_tree", "-100, $x, 0", 'my $x = "/usr";'),
    "call-setsid": perlCall("setsid", "", "if (fork) { wait; exit }"),
    "call-setpgid": perlCall("setpgid", "0, 0", "if (fork) { wait; exit }"),
    "call-death-signal": perlCall("prctl", "1, 0, 0, 0, 0"),
    "call-limits-of-others": perlCall("prlimit64", "{pid}, 7, 0, $x", 'my $x = "\\0" x 16;'),
    "call-priority-of-others": perlCall("setpriority", "0, {pid}, 19"),
    "call-processor-of-others": perlCall("sched_setaffinity", "{pid}, 8, $x", 'my $x = pack("Q", 1);'),
    "call-file-owner": perlCall("fcntl", "0, 8, {pid}"),
    "memfd-execute": [
      "perl",
      "-e",
      `$^F = 99; my $x = "x"; my $f = syscall(${numberOf("memfd_create")}, $x, 0); open(O, ">&=", $f) or exit; print O "#!/bin/sh\\necho DO''NE\\n"; O->flush; close STDIN; exec "/proc/$$/fd/$f"`,
    ],
  },
);

const connecting = attacks(
  { sign: "connects", stoppedAt: EVERYWHERE },
  {
    "connect-bash": ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/{port}"],
    "connect-udp": ["bash", "-c", "echo x > /dev/udp/127.0.0.1/{udp}"],
    "connect-perl": [
      "perl",
      "-e",
      'use Socket; socket(S, AF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in({port}, inet_aton("127.0.0.1")))',
    ],
    "connect-unix": [
      "perl",
      "-e",
      'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un("{socket}"))',
    ],
    "connect-abstract": [
      "perl",
      "-e",
      'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack("S a*", AF_UNIX, "\\0{abstract}"))',
    ],
    "connect-python": ["python3", "-c", 'import socket; socket.create_connection(("127.0.0.1", {port}))'],
    "connect-git": ["git", "ls-remote", "git://127.0.0.1:{port}/x"],
  },
);

const signalling = attacks(
  { sign: "signals", stoppedAt: EVERYWHERE },
  {
    "signal-group": ["perl", "-e", "kill 9, -{pid}"],
    "signal-pidfd": [
      "perl",
      "-e",
      `my $f = syscall(${numberOf("pidfd_open")}, {pid}, 0); syscall(${numberOf("pidfd_send_signal")}, $f, 9, 0, 0)`,
    ],
    "signal-kill": ["sh", "-c", "kill -9 {pid}"],
    "signal-queued": perlCall("rt_sigqueueinfo", "{pid}, 9, $x", 'my $x = pack("l3 x116", 9, 0, -1);'),
    "signal-thread": perlCall("tgkill", "{pid}, {pid}, 9"),
  },
);

const everybody = attacks(
  { sign: "signals", stoppedAt: EVERYWHERE, needsOwnUser: true },
  { "signal-everybody": ["perl", "-e", "kill 15, -1"] },
);

const outliving = attacks(
  { sign: "outlives", stoppedAt: EVERYWHERE, timeoutMs: 1_500 },
  {
    "outlive-background": ["sh", "-c", "sleep {mark} &"],
    "outlive-nohup": ["sh", "-c", "nohup sleep {mark} > /dev/null 2>&1 &"],
    "outlive-setsid": ["setsid", "-f", "sleep", "{mark}"],
    "outlive-double-fork": [
      "perl",
      "-MPOSIX",
      "-e",
      'exit if fork; POSIX::setsid(); exit if fork; exec "sleep", "{mark}"',
    ],
    "outlive-group": ["perl", "-e", 'if (!fork) { setpgrp(0, 0); exec "sleep", "{mark}" } sleep 1'],
    "outlive-term": ["perl", "-e", '$SIG{TERM} = "IGNORE"; system "sleep", "{mark}" while 1'],
    "outlive-stopped": ["sh", "-c", "sleep {mark} & kill -STOP $!; sleep {mark}"],
  },
);

export const kernelAttacks: readonly Attack[] = [...calls, ...connecting, ...signalling, ...everybody, ...outliving];
