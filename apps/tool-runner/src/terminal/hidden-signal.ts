/**
 * bubblewrap waits for the tool and ends like a shell does: 128 and the number of the signal that ended it. Signals that end a
 * program in earnest are recognised again. 129 to 131 stay exit codes: some programs use them (git 129), and SIGHUP, SIGINT
 * and SIGQUIT come from a terminal, which tools do not have.
 */
import { constants } from "node:os";
import type { ProcessEnd } from "./run-process.ts";

const OFFSET = 128;
const DEADLY =
  "SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGXCPU SIGXFSZ SIGSYS";
const BY_CODE = new Map(
  (DEADLY.split(" ") as NodeJS.Signals[]).map((signal) => [OFFSET + constants.signals[signal], signal]),
);

export function revealSignal(end: ProcessEnd): ProcessEnd {
  const signal = end.exitCode === null ? undefined : BY_CODE.get(end.exitCode);
  return signal === undefined ? end : { ...end, exitCode: null, signal };
}
