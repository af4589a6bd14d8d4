import type { ControlCommand } from "@holdfast/protocol";

interface Running {
  readonly runId: string;
  readonly toolCallId: string;
  readonly abort: AbortController;
}

/** The calls in work here, so that a cancel finds them. */
export class RunningCalls {
  readonly #calls = new Map<string, Running>();

  get size(): number {
    return this.#calls.size;
  }

  /** Answers the signal that a cancel of this call aborts. */
  begin(callId: string, runId: string, toolCallId: string): AbortSignal {
    const abort = new AbortController();
    this.#calls.set(callId, { runId, toolCallId, abort });
    return abort.signal;
  }

  end(callId: string): void {
    this.#calls.delete(callId);
  }

  /** A cancel names a run, and may name one call of it. */
  obey(command: ControlCommand): void {
    if (command.type !== "cancel" || command.run_id === undefined) return;
    for (const call of this.#calls.values()) {
      const isMeant = call.runId === command.run_id && (command.tool_call_id ?? call.toolCallId) === call.toolCallId;
      if (isMeant) call.abort.abort("cancelled");
    }
  }

  abortAll(reason: string): void {
    for (const call of this.#calls.values()) call.abort.abort(reason);
  }
}
