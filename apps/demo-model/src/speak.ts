import { randomBytes } from "node:crypto";
import { inputTokens, splitTokens, type FinishReason, type ModelRequest, type ReplyPart } from "@holdfast/model-wire";
import { createPace } from "./pacing.ts";
import type { Plan, PlannedCall } from "./plan.ts";

export interface SpeakOptions {
  /** Delay before every token. */
  paceMs: number;
  /** Ends the speech as soon as it is aborted. */
  signal: AbortSignal;
}

/** Says a plan token by token, counts what it says, and stops at the request's token limit with finish reason `length`. */
export async function* speak(plan: Plan, request: ModelRequest, options: SpeakOptions): AsyncGenerator<ReplyPart> {
  const pause = createPace(options.paceMs, options.signal);
  const limit = request.maxOutputTokens ?? Number.POSITIVE_INFINITY;
  let outputTokens = 0;
  let reasoningTokens = 0;
  let reason: FinishReason = "stop";
  for (const part of partsOf(plan)) {
    if (outputTokens >= limit) {
      reason = "length";
      break;
    }
    await pause();
    outputTokens += 1;
    if (part.type === "reasoning") reasoningTokens += 1;
    if (part.type === "tool_call") reason = "tool_calls";
    yield part;
  }
  yield { type: "finish", reason, usage: { inputTokens: inputTokens(request), outputTokens, reasoningTokens } };
}

function* partsOf({ reasoning = "", text, calls = [] }: Plan): Generator<ReplyPart> {
  for (const token of splitTokens(reasoning)) yield { type: "reasoning", text: token };
  for (const token of splitTokens(text)) yield { type: "text", text: token };
  for (const [index, call] of calls.entries()) yield* callParts(call, index);
}

function* callParts(call: PlannedCall, index: number): Generator<ReplyPart> {
  yield { type: "tool_call", index, id: `call_${randomBytes(12).toString("hex")}`, name: call.name };
  for (const text of splitTokens(JSON.stringify(call.arguments))) yield { type: "tool_arguments", index, text };
}
