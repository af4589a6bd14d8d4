import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { splitTokens, usageOf, type Exchange, type ModelRequest, type ReplyPart } from "@holdfast/model-wire";
import type { Piece, ScriptedAnswer, ScriptedToolCall } from "./scripted-reply.ts";

/** Plays an answer: waits where it says so and yields what goes out. Ends early when the client has gone. */
export async function* playAnswer(
  answer: ScriptedAnswer,
  request: ModelRequest,
  exchange: Exchange,
): AsyncGenerator<ReplyPart> {
  const said: ReplyPart[] = [];
  let calls = 0;
  for await (const piece of answer.pieces) {
    await waitBefore(piece, answer.delayMs ?? 0, exchange);
    for (const part of partsOf(piece, calls)) {
      if (part.type === "tool_call") calls += 1;
      said.push(part);
      yield part;
      if (part.type === "error" || part.type === "failed") return;
    }
  }
  if (answer.finishReason === null) return;
  const reason = answer.finishReason ?? (calls > 0 ? "tool_calls" : "stop");
  yield { type: "finish", reason, usage: answer.usage ?? usageOf(request, said) };
}

/** A plain text as pieces of a token each. */
export function textPieces(text: string): Piece[] {
  return splitTokens(text);
}

async function waitBefore(piece: Piece, defaultDelayMs: number, exchange: Exchange): Promise<void> {
  const { signal } = exchange;
  if (typeof piece === "object") {
    if ("waitFor" in piece) return unlessGone(piece.waitFor.pass(), signal);
    if ("hang" in piece) return unlessGone(new Promise<never>(() => {}), signal);
    if ("breakConnection" in piece) {
      await exchange.breakConnection();
      return unlessGone(new Promise<never>(() => {}), signal);
    }
    if ("pauseMs" in piece) return delay(piece.pauseMs, undefined, { signal });
  }
  const ownDelayMs = typeof piece === "object" && "delayMs" in piece ? piece.delayMs : undefined;
  const delayMs = ownDelayMs ?? defaultDelayMs;
  if (delayMs > 0) await delay(delayMs, undefined, { signal });
}

/** Settles like `promise`, and rejects as soon as the client has gone. */
export function unlessGone<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

function partsOf(piece: Piece, nextCall: number): ReplyPart[] {
  if (typeof piece === "string") return [{ type: "text", text: piece }];
  if ("text" in piece) return [{ type: "text", text: piece.text }];
  if ("reasoning" in piece) return [{ type: "reasoning", text: piece.reasoning }];
  if ("toolCall" in piece) return callParts(piece.toolCall, nextCall).flat();
  if ("interleavedCalls" in piece)
    return alternate(piece.interleavedCalls.map((call, index) => callParts(call, nextCall + index)));
  if ("error" in piece) {
    const code = piece.code === undefined ? {} : { code: piece.code };
    return [{ type: piece.as ?? "error", message: piece.error, ...code }];
  }
  return [];
}

function callParts(call: ScriptedToolCall, index: number): ReplyPart[] {
  const json = typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
  const id = call.id ?? `call_${randomBytes(12).toString("hex")}`;
  const size = Math.max(1, Math.ceil(json.length / (call.deltas ?? 3)));
  const opening: ReplyPart = { type: "tool_call", index, id, name: call.name };
  const deltas: ReplyPart[] = [];
  for (let start = 0; start < json.length; start += size)
    deltas.push({ type: "tool_arguments", index, text: json.slice(start, start + size) });
  return [opening, ...deltas];
}

function alternate(lists: ReplyPart[][]): ReplyPart[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, row) => lists.flatMap((list) => list.slice(row, row + 1))).flat();
}
