/** The filter, run by a small interpreter: so the one for the other architecture is tested here too. */
import { describe, expect, it } from "@jest/globals";
import { buildFilter, FILTER_ARCHITECTURES, type FilterArchitecture } from "./filter.ts";
import { SYSCALL_NUMBERS, type SyscallName } from "./syscall-numbers.ts";

const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 };
const I386 = 0x40000003;
const ALLOWED = "allowed";
const REFUSED = "errno 1";
const MISSING = "errno 38";
const KILLED = "killed";

interface Call {
  readonly number: number;
  readonly audit: number;
  readonly args: readonly number[];
}

/** Runs classic BPF over seccomp's data. */
function judge(program: Buffer, { number, audit, args }: Call): string {
  const load = (offset: number): number => {
    if (offset === 0) return number;
    if (offset === 4) return audit;
    return (args[(offset - 16) / 8] ?? 0) >>> 0;
  };
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const start = at * 8;
    const [opcode, ifTrue, ifFalse] = [program.readUInt16LE(start), program[start + 2] ?? 0, program[start + 3] ?? 0];
    const operand = program.readUInt32LE(start + 4);
    const jump = (condition: boolean): void => void (at += condition ? ifTrue : ifFalse);
    if (opcode === 0x06) return verdictOf(operand);
    if (opcode === 0x20) accumulator = load(operand);
    else if (opcode === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (opcode === 0x15) jump(accumulator === operand);
    else if (opcode === 0x25) jump(accumulator > operand);
    else if (opcode === 0x35) jump(accumulator >= operand);
    else if (opcode === 0x45) jump((accumulator & operand) !== 0);
    else throw new Error(`unknown instruction ${opcode}`);
  }
}

function verdictOf(operand: number): string {
  if (operand === 0x7fff0000) return ALLOWED;
  return operand === 0x80000000 ? KILLED : `errno ${operand & 0xffff}`;
}

describe.each(FILTER_ARCHITECTURES)("[terminal.seccomp] the filter for %s", (architecture: FilterArchitecture) => {
  const program = buildFilter({ architecture, protects: { upTo: 500, others: [9_000] } }).toBytes();
  const audit = AUDIT[architecture];
  const ask = (name: SyscallName, ...args: number[]): string =>
    judge(program, { number: SYSCALL_NUMBERS[name][architecture], audit, args });

  it.each<SyscallName>(
    (
      "ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal mount umount2 pivot_root chroot move_mount " +
      "fsopen open_tree mount_setattr unshare setns bpf perf_event_open keyctl add_key request_key userfaultfd open_by_handle_at socket " +
      "connect bind listen accept accept4 setsid setpgid memfd_create shmget msgget semget mq_open kexec_load init_module reboot"
    ).split(" ") as SyscallName[],
  )("refuses %s", (name) => {
    expect(ask(name)).toBe(REFUSED);
  });

  it("says that clone3 and io_uring do not exist", () => {
    expect([ask("clone3"), ask("io_uring_setup"), ask("io_uring_enter")]).toEqual([MISSING, MISSING, MISSING]);
  });

  it("kills calls of another architecture, also those that share this one's name", () => {
    expect(judge(program, { number: 1, audit: I386, args: [] })).toBe(KILLED);
    const x32 = judge(program, { number: 0x40000000 + 1, audit, args: [] });
    expect(x32).toBe(architecture === "x64" ? KILLED : ALLOWED);
  });

  it.each<[string, SyscallName, number[], string]>([
    ["a thread", "clone", [0x3d0f00], ALLOWED],
    ["a child", "clone", [17], ALLOWED],
    ["a child in a user namespace", "clone", [0x10000011], REFUSED],
    ["a child in a network namespace", "clone", [0x40000011], REFUSED],
    ["asking for a window size", "ioctl", [0, 0x5413], ALLOWED],
    ["typing into a terminal", "ioctl", [0, 0x5412], REFUSED],
    ["a stream pair", "socketpair", [1, 1 | 0o2000000], ALLOWED],
    ["a datagram pair", "socketpair", [1, 2], REFUSED],
    ["an internet pair", "socketpair", [2, 1], REFUSED],
    ["naming a thread", "prctl", [15], ALLOWED],
    ["dying with the parent", "prctl", [1, 9], ALLOWED],
    ["living on", "prctl", [1, 0], REFUSED],
    ["asking for the personality", "personality", [0xffffffff], ALLOWED],
    ["another personality", "personality", [0x40000], REFUSED],
    ["own limits", "prlimit64", [0], ALLOWED],
    ["another's limits", "prlimit64", [77], REFUSED],
    ["own priority", "setpriority", [0, 0, 5], ALLOWED],
    ["another's priority", "setpriority", [0, 77, 5], REFUSED],
    ["a user's priority", "setpriority", [2, 0, 5], REFUSED],
    ["own input priority", "ioprio_set", [1, 0, 0], ALLOWED],
    ["a group's input priority", "ioprio_set", [2, 0, 0], REFUSED],
    ["a flag of a file", "fcntl", [3, 4], ALLOWED],
    ["signals of a file to another", "fcntl", [3, 8, 77], REFUSED],
    ["a signal to the own group", "kill", [0, 15], ALLOWED],
    ["a signal to a younger process", "kill", [501, 15], ALLOWED],
    ["a signal to init", "kill", [1, 15], REFUSED],
    ["a signal to the youngest of the old", "kill", [500, 15], REFUSED],
    ["a signal to an old one with a high number", "kill", [9_000, 15], REFUSED],
    ["a signal to everybody", "kill", [-1, 15], REFUSED],
    ["a signal to another group", "kill", [-600, 15], REFUSED],
    ["a signal to an old thread", "tkill", [499, 15], REFUSED],
    ["a signal to an own thread", "tgkill", [600, 601, 6], ALLOWED],
  ])("judges %s", (_, name, args, verdict) => {
    expect(ask(name, ...args)).toBe(verdict);
  });

  it("leaves signals alone where tools see no others", () => {
    const open = buildFilter({ architecture }).toBytes();
    expect(judge(open, { number: SYSCALL_NUMBERS.kill[architecture], audit, args: [1, 9] })).toBe(ALLOWED);
  });
});

describe.each(FILTER_ARCHITECTURES)("[terminal.seccomp] the filter for %s with network", (architecture) => {
  const program = buildFilter({ architecture, network: true }).toBytes();
  const ask = (name: SyscallName, ...args: number[]): string =>
    judge(program, { number: SYSCALL_NUMBERS[name][architecture], audit: AUDIT[architecture], args });

  it.each<[string, SyscallName, number[], string]>([
    ["an Internet socket", "socket", [2, 1, 0], ALLOWED],
    ["one of version 6", "socket", [10, 2, 0], ALLOWED],
    ["a connection", "connect", [3], ALLOWED],
    ["a socket of the machine", "socket", [1, 1, 0], REFUSED],
    ["a socket to the kernel", "socket", [16, 3, 0], REFUSED],
    ["a raw packet socket", "socket", [17, 3, 0], REFUSED],
    ["tracing", "ptrace", [0], REFUSED],
  ])("knows %s", (_, name, args, verdict) => {
    expect(ask(name, ...args)).toBe(verdict);
  });
});
