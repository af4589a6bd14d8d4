import type { FrameEvent, Snapshot, TokenEvent } from "@holdfast/protocol";
import { runsOf } from "../selectors.ts";
import type { Frame } from "../frame.ts";
import type { ConversationState, RunItem } from "../state.ts";
import { AT, CONVERSATION } from "./log-builder.ts";

/** What the gateway may make of a log before it sends it. For tests. */

const tokenOf = (frame: Frame | undefined) => {
  const event = frame?.event as FrameEvent | undefined;
  return event?.event === "token" ? event : undefined;
};

/** Consecutive tokens of one step and channel as one frame, with the first's offset and the last's id (protocol §5.2). */
export function merged(frames: readonly Frame[]): Frame[] {
  const result: Frame[] = [];
  for (const frame of frames) {
    const event = tokenOf(frame);
    const last = tokenOf(result.at(-1));
    if (event && last && isContinuation(last, event)) {
      result[result.length - 1] = { id: frame.id, event: { ...last, text: last.text + event.text } as Frame["event"] };
    } else result.push(frame);
  }
  return result;
}

function isContinuation(last: TokenEvent, event: TokenEvent): boolean {
  const isSame = last.step === event.step && last.attempt === event.attempt && last.channel === event.channel;
  return isSame && event.offset === last.offset + last.text.length;
}

/** Without the tokens of closed steps, as history is after the grace period (protocol §3.5). */
export function compacted(frames: readonly Frame[]): Frame[] {
  return frames.filter((frame) => !tokenOf(frame));
}

/** The log of a worker that does not say which step an `output` is of, which the contract leaves to it. */
export function withoutOutputStep(frames: readonly Frame[]): Frame[] {
  return frames.map((frame) =>
    frame.event.event === "output" ? { ...frame, event: { ...frame.event, step: undefined } as Frame["event"] } : frame,
  );
}

/** The snapshot the gateway would give of this state (protocol §4). */
export function snapshotOf(state: ConversationState): Snapshot {
  const run = runsOf(state)[0];
  const isActive = run && run.status !== "completed";
  return {
    id: state.conversationId ?? CONVERSATION,
    created_at: AT,
    metadata: {},
    cursor: state.cursor ?? "0-0",
    messages: state.items.flatMap((item) => {
      if (item.kind === "run") return answersOf(item);
      if (item.kind !== "user_message") return [];
      return [
        { id: item.messageId, role: "user" as const, content: item.content, sender: item.sender, created_at: AT },
      ];
    }),
    active_run: isActive
      ? {
          id: run.runId,
          agent: "assistant",
          status: run.status,
          attempt: run.attempt,
          step: run.steps.at(-1)?.index ?? 0,
          text: run.steps.at(-1)?.text ?? "",
        }
      : null,
    approvals: [],
  };
}

function answersOf(run: RunItem): Snapshot["messages"] {
  return run.steps
    .filter((step) => step.isClosed)
    .map((step) => ({
      id: `${run.runId}:${step.index}`,
      role: "assistant" as const,
      content: step.text,
      run_id: run.runId,
      agent: "assistant",
      created_at: AT,
    }));
}
