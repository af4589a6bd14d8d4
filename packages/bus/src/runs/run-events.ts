import { createHash } from "node:crypto";
import { type OutputEvent, type RunEvent, StreamEvent } from "@holdfast/protocol";
import type { ClaimedRun, EventDraft, RunEnding } from "../ports/runs.ts";

interface Common {
  readonly conversation_id: string;
  readonly run_id: string;
  readonly agent: string;
  readonly attempt: number;
  readonly created_at: string;
}

/** Completes what a run's owner writes with what every event of the run has, as JSON text. */
export class RunEvents {
  readonly #run: ClaimedRun;

  constructor(run: ClaimedRun) {
    this.#run = run;
  }

  /** Tokens stay small and are not validated one by one: their type is all they have. */
  payload(draft: EventDraft, attempt: number): string {
    if (draft.event !== "token") return JSON.stringify(StreamEvent.parse({ ...draft, ...this.#common(attempt) }));
    return JSON.stringify({ ...draft, conversation_id: this.#run.conversationId, run_id: this.#run.id, attempt });
  }

  /** `output`, if the run showed text, and the terminal `run` event. */
  endingPayloads(ending: RunEnding, attempt: number): string[] {
    const common = this.#common(attempt);
    const events: StreamEvent[] = [this.#ending(ending, common)];
    if (ending.output) events.unshift(this.#output(ending.output, ending, common));
    return events.map((event) => JSON.stringify(StreamEvent.parse(event)));
  }

  /** End of a run whose message was steered into this one; a script fills in which and its attempt. */
  steeredPayload(created_at: string): string {
    const { conversationId: conversation_id, agent } = this.#run;
    const ids = { run_id: "@run", message_id: "@message" };
    return JSON.stringify({
      attempt: -1,
      event: "run",
      conversation_id,
      created_at,
      agent,
      ...ids,
      status: "completed",
      reason: "steered",
    });
  }

  #common(attempt: number): Common {
    const { conversationId, id, agent } = this.#run;
    return { conversation_id: conversationId, run_id: id, agent, attempt, created_at: new Date().toISOString() };
  }

  #output(
    { text, finish_reason, step }: NonNullable<RunEnding["output"]>,
    { usage }: RunEnding,
    common: Common,
  ): OutputEvent {
    return {
      event: "output",
      ...common,
      message_id: this.#run.messageId,
      text,
      finish_reason,
      usage,
      text_length: text.length,
      text_sha256: createHash("sha256").update(text).digest("hex"),
      ...(step === undefined ? {} : { step }),
    };
  }

  #ending({ status, reason, error, usage }: RunEnding, common: Common): RunEvent {
    return {
      event: "run",
      ...common,
      status,
      message_id: this.#run.messageId,
      ...(reason ? { reason } : {}),
      ...(error ? { error } : {}),
      usage,
    };
  }
}
