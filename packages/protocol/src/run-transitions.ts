import type { RunStatus, TerminalStatus } from "./run-status.ts";

/**
 * Every change of a run's status (protocol §3.2): what may happen to it in which status, and what cannot, with the reason. The
 * compiler holds the table complete; docs/architecture.md shows it. The scripts of the bus make these changes, each in one
 * call with the event that tells of it.
 */
export type RunChange = "claim" | "park" | "release" | "steer" | "complete" | "exhaust" | "fail" | "cancel";

type Transition = { readonly to: RunStatus } | { readonly impossible: string };

const to = (status: RunStatus): Transition => ({ to: status });
const impossible = (reason: string): Transition => ({ impossible: reason });

const nobody = impossible("nobody works on it yet");
const parked = impossible("a parked run has no owner: it is claimed first");
const ended = impossible("it has ended; its message can only be given another run");
const ENDED: Readonly<Record<RunChange, Transition>> = {
  claim: ended,
  park: ended,
  release: ended,
  steer: ended,
  complete: ended,
  exhaust: ended,
  fail: ended,
  cancel: ended,
};

export const RUN_TRANSITIONS: Readonly<Record<RunStatus, Readonly<Record<RunChange, Transition>>>> = {
  queued: {
    claim: to("in_progress"),
    park: nobody,
    release: nobody,
    steer: to("completed"),
    complete: nobody,
    exhaust: nobody,
    fail: impossible("only a worker finds that it fails: it is claimed first"),
    cancel: to("cancelled"),
  },
  in_progress: {
    claim: to("in_progress"),
    park: to("requires_action"),
    release: to("in_progress"),
    steer: impossible("it has a worker of its own to answer it"),
    complete: to("completed"),
    exhaust: to("incomplete"),
    fail: to("failed"),
    cancel: to("cancelled"),
  },
  requires_action: {
    claim: to("in_progress"),
    park: impossible("it is parked already"),
    release: parked,
    steer: impossible("its answer has begun"),
    complete: parked,
    exhaust: parked,
    fail: parked,
    cancel: to("cancelled"),
  },
  completed: ENDED,
  incomplete: ENDED,
  failed: ENDED,
  cancelled: ENDED,
};

/** The status after a change; undefined where that is impossible. */
export function statusAfter(status: RunStatus, change: RunChange): RunStatus | undefined {
  const transition = RUN_TRANSITIONS[status][change];
  return "to" in transition ? transition.to : undefined;
}

/** True where some change leads from one status to the other. */
export function mayBecome(from: RunStatus, next: RunStatus): boolean {
  return Object.values(RUN_TRANSITIONS[from]).some((transition) => "to" in transition && transition.to === next);
}

/** True for the four endings, after which nothing is possible. */
export function isTerminal(status: RunStatus): status is TerminalStatus {
  return RUN_TRANSITIONS[status] === ENDED;
}
