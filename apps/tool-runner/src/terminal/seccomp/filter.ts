/**
 * What a tool may not ask of the kernel, as a seccomp program. Everything else is allowed: this filter takes away the ways out
 * of the sandbox and those to other processes, not the ways to work.
 *
 * - No sockets but connected pairs. A datagram socket could send to any address, so pairs are of streams. With `network` those
 *   of the Internet's protocols too, and no others: the machine's own sockets stay out of reach.
 * - No other namespaces, mounts, devices of the kernel, tracing of processes, keyrings, io_uring (which does what the filter
 *   forbids), anonymous executables, and no shared memory that outlives its maker.
 * - No leaving of the process group, by which a tool is ended, and no living on after the runner (PR_SET_PDEATHSIG).
 * - No typing into a terminal (TIOCSTI), and no change of another process's limits, priority or processors.
 * - Where tools see other processes: no signal to one that is older than the call, the runner above all, which may be of the
 *   same user; and to no group but the own one.
 *
 * clone3 keeps its flags where a filter cannot see them, so it is said not to exist, and the C library uses clone. Calls of
 * another architecture, among them the x32 ones, have other numbers and kill.
 */
import { ARCHITECTURE, argumentOffset, BpfProgram, SYSCALL_NUMBER } from "./bpf.ts";
import type { OlderProcesses } from "../older-processes.ts";
import { SYSCALL_NUMBERS, type SyscallName } from "./syscall-numbers.ts";

export const FILTER_ARCHITECTURES = ["x64", "arm64"] as const;
export type FilterArchitecture = (typeof FILTER_ARCHITECTURES)[number];

const AUDIT_ARCHITECTURE = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const FIRST_X32_NUMBER = 0x4000_0000;

const EPERM = 1;
const ENOSYS = 38;
const VERDICT = {
  allow: 0x7fff_0000,
  refuse: 0x0005_0000 | EPERM,
  missing: 0x0005_0000 | ENOSYS,
  kill: 0x8000_0000,
} as const;

const MISSING: readonly SyscallName[] = ["clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"];

const NETWORKING: readonly SyscallName[] = ["connect", "bind", "listen", "accept", "accept4"];

const REFUSED: readonly SyscallName[] = [
  ...(["ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp"] as const),
  ...(["pidfd_open", "pidfd_getfd", "pidfd_send_signal", "setsid", "setpgid"] as const),
  ...(["unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr"] as const),
  ...(["move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_by_handle_at"] as const),
  ...(["bpf", "perf_event_open", "userfaultfd", "fanotify_init", "keyctl", "add_key", "request_key"] as const),
  ...(["memfd_create", "memfd_secret", "shmget", "msgget", "semget", "mq_open"] as const),
  ...(["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"] as const),
  ...(["acct", "swapon", "swapoff", "quotactl", "syslog", "migrate_pages", "move_pages"] as const),
];

/** A call is refused where one of its arguments has the property named. */
type ArgumentTest = { readonly argument: number; readonly mask?: number } & (
  | { readonly is: readonly number[] }
  | { readonly isNot: readonly number[] }
  | { readonly hasAnyBit: number }
  | { readonly isAtLeast: number }
  | { readonly isFromOneTo: number }
);

interface ArgumentRule {
  readonly calls: readonly SyscallName[];
  /** The tests are for calls with this argument only. */
  readonly onlyIf?: { readonly argument: number; readonly equals: number };
  readonly refuseIf: readonly ArgumentTest[];
}

const NEW_NAMESPACES = 0x7e02_0000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const FIOSETOWN = 0x8901;
const SIOCSPGRP = 0x8902;
const F_SETOWN = 8;
const F_SETOWN_EX = 15;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCKET_TYPE = 0xf;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const QUERY_PERSONALITY = 0xffff_ffff;
const PRIO_PROCESS = 0;
const IOPRIO_WHO_PROCESS = 1;
/** To the scheduler and the limits, 0 is the caller. */
const SELF = 0;
const FIRST_NEGATIVE = 0x8000_0000;

const INTERNET_SOCKETS: ArgumentRule = { calls: ["socket"], refuseIf: [{ argument: 0, isNot: [AF_INET, AF_INET6] }] };

const ARGUMENT_RULES: readonly ArgumentRule[] = [
  { calls: ["clone"], refuseIf: [{ argument: 0, hasAnyBit: NEW_NAMESPACES }] },
  { calls: ["ioctl"], refuseIf: [{ argument: 1, is: [TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP] }] },
  // The owner of a file gets its signals: a signal to anybody, in a roundabout way.
  { calls: ["fcntl"], refuseIf: [{ argument: 1, is: [F_SETOWN, F_SETOWN_EX] }] },
  {
    calls: ["socketpair"],
    refuseIf: [
      { argument: 0, isNot: [AF_UNIX] },
      { argument: 1, mask: SOCKET_TYPE, isNot: [SOCK_STREAM, SOCK_SEQPACKET] },
    ],
  },
  // setpriv still has to say it when the filter is in force; what it says, the tool cannot take back.
  {
    calls: ["prctl"],
    onlyIf: { argument: 0, equals: PR_SET_PDEATHSIG },
    refuseIf: [{ argument: 1, isNot: [SIGKILL] }],
  },
  { calls: ["personality"], refuseIf: [{ argument: 0, isNot: [QUERY_PERSONALITY] }] },
  {
    calls: ["prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"],
    refuseIf: [{ argument: 0, isNot: [SELF] }],
  },
  {
    calls: ["setpriority"],
    refuseIf: [
      { argument: 0, isNot: [PRIO_PROCESS] },
      { argument: 1, isNot: [SELF] },
    ],
  },
  {
    calls: ["ioprio_set"],
    refuseIf: [
      { argument: 0, isNot: [IOPRIO_WHO_PROCESS] },
      { argument: 1, isNot: [SELF] },
    ],
  },
];

/** The first argument of each is whom to signal: 0 is the own group, below 0 are other groups and everybody. */
const SIGNALLING: readonly SyscallName[] = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"];

export interface FilterOptions {
  readonly architecture: FilterArchitecture;
  /** No signal reaches these; undefined where tools see no others. */
  readonly protects?: OlderProcesses | undefined;
  /** Default false. */
  readonly network?: boolean;
}

export function buildFilter({ architecture, protects, network = false }: FilterOptions): BpfProgram {
  const program = new BpfProgram();
  program.load(ARCHITECTURE).jump("equal", AUDIT_ARCHITECTURE[architecture], undefined, "kill").load(SYSCALL_NUMBER);
  if (architecture === "x64") program.jump("atLeast", FIRST_X32_NUMBER, "kill");
  for (const name of MISSING) program.jump("equal", SYSCALL_NUMBERS[name][architecture], "missing");
  const refused = network ? REFUSED : [...REFUSED, "socket" as const, ...NETWORKING];
  for (const name of refused) program.jump("equal", SYSCALL_NUMBERS[name][architecture], "refuse");
  const rules = [
    ...ARGUMENT_RULES,
    ...(network ? [INTERNET_SOCKETS] : []),
    ...(protects === undefined ? [] : [signalRule(protects)]),
  ];
  for (const [index, rule] of rules.entries()) addRule(program, rule, architecture, index);
  program.answer(VERDICT.allow);
  program.label("refuse").answer(VERDICT.refuse);
  program.label("missing").answer(VERDICT.missing);
  return program.label("kill").answer(VERDICT.kill);
}

function signalRule({ upTo, others }: OlderProcesses): ArgumentRule {
  return {
    calls: SIGNALLING,
    refuseIf: [
      { argument: 0, isAtLeast: FIRST_NEGATIVE },
      { argument: 0, is: others },
      { argument: 0, isFromOneTo: upTo },
    ],
  };
}

/** Jumps over its tests when it is another call; the tests end with a verdict, because they lose the call's number. */
function addRule(program: BpfProgram, rule: ArgumentRule, on: FilterArchitecture, index: number): void {
  const { calls, onlyIf, refuseIf } = rule;
  const tests = `tests ${index}`;
  const next = `after ${index}`;
  for (const [at, name] of calls.entries()) {
    program.jump("equal", SYSCALL_NUMBERS[name][on], tests, at === calls.length - 1 ? next : undefined);
  }
  program.label(tests);
  const done = `done ${index}`;
  if (onlyIf) program.load(argumentOffset(onlyIf.argument)).jump("equal", onlyIf.equals, undefined, done);
  for (const [at, test] of refuseIf.entries()) addTest(program, test, `${tests}.${at}`);
  program.label(done).answer(VERDICT.allow).label(next);
}

function addTest(program: BpfProgram, test: ArgumentTest, name: string): void {
  program.load(argumentOffset(test.argument));
  if (test.mask !== undefined) program.and(test.mask);
  if ("is" in test) for (const value of test.is) program.jump("equal", value, "refuse");
  else if ("isNot" in test) {
    for (const [at, value] of test.isNot.entries()) {
      program.jump("equal", value, `passed ${name}`, at === test.isNot.length - 1 ? "refuse" : undefined);
    }
  } else if ("hasAnyBit" in test) program.jump("anyBit", test.hasAnyBit, "refuse");
  else if ("isAtLeast" in test) program.jump("atLeast", test.isAtLeast, "refuse");
  else program.jump("equal", 0, `passed ${name}`).jump("greater", test.isFromOneTo, undefined, "refuse");
  program.label(`passed ${name}`);
}
