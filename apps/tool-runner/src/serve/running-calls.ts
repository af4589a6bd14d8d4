import type { ControlCommand } from "@holdfast/protocol";

interface Running {
  readonly runId: string;
  readonly toolCallId: string;
  readonly abort: AbortController;
}

/** What `RunningCalls.begin` answers. */
export interface RunningCall {
  /** Aborted by a cancel of the call. */
  readonly signal: AbortSignal;
  end(): void;
}

/** The calls in work here, so that a cancel finds them. */
export class RunningCalls {
  readonly #calls = new Set<Running>();

  get size(): number {
    return this.#calls.size;
  }

  begin(runId: string, toolCallId: string): RunningCall {
    const call = { runId, toolCallId, abort: new AbortController() };
    this.#calls.add(call);
    return { signal: call.abort.signal, end: () => void this.#calls.delete(call) };
  }

  /** A cancel names a run, and may name one call of it. */
  obey(command: ControlCommand): void {
    if (command.type !== "cancel" || command.run_id === undefined) return;
    for (const call of this.#calls) {
      const isMeant = call.runId === command.run_id && (command.tool_call_id ?? call.toolCallId) === call.toolCallId;
      if (isMeant) call.abort.abort("cancelled");
    }
  }

  abortAll(reason: string): void {
    for (const call of this.#calls) call.abort.abort(reason);
  }
}
