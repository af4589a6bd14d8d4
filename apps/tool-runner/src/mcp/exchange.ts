import { setTimeout as delay } from "node:timers/promises";
import {
  type CallToolRequest,
  type CallToolRequestOptions,
  type CallToolResult,
  type Client,
  type InputRequiredResult,
  isInputRequiredResult,
} from "@modelcontextprotocol/client";
import type { FormAnswer } from "./asked-form.ts";
import type { AskForCall } from "./calls-in-flight.ts";
import { recordOf } from "./record.ts";

/** The server wants something for its answer that nobody here gives; the call ends with that. */
export class UnmetInput extends Error {
  override readonly name = "UnmetInput";
}

const MAX_ROUNDS = 10;
/** Before a call is sent again where the server only wants that. */
const AGAIN_MS = 250;

/**
 * One `tools/call` until its result. A server of 2026-07-28 that wants to know something answers the call with that; it is
 * asked, and the call is sent again with the answers and the server's state. Done here and not by the SDK, whose handlers are
 * not told which call a question belongs to.
 */
export async function exchange(
  client: Client,
  params: CallToolRequest["params"],
  options: CallToolRequestOptions & { readonly signal: AbortSignal },
  /** Undefined: nobody may be asked. */
  ask: AskForCall | undefined,
  /** The server has begun the call, though it has not answered it. */
  onBegun: () => void,
): Promise<CallToolResult> {
  let given: Record<string, unknown> = {};
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const answer: CallToolResult | InputRequiredResult = await client.callTool(
      { ...params, ...given },
      { ...options, allowInputRequired: true },
    );
    if (!isInputRequiredResult(answer)) return answer;
    onBegun();
    given = await inputFor(answer, options.signal, ask);
  }
  throw new UnmetInput(`The server wanted input ${MAX_ROUNDS} times and gave no result.`);
}

async function inputFor(
  { inputRequests, requestState }: InputRequiredResult,
  signal: AbortSignal,
  ask: AskForCall | undefined,
): Promise<Record<string, unknown>> {
  const wanted = Object.entries(recordOf(inputRequests));
  const state = typeof requestState === "string" ? { requestState } : {};
  if (wanted.length === 0) {
    await delay(AGAIN_MS, undefined, { signal });
    return state;
  }
  const methods = wanted.map(([, request]) => recordOf(request)["method"]);
  if (ask === undefined || methods.some((method) => method !== "elicitation/create")) {
    throw new UnmetInput("The server wants input of a kind that nobody gives here.");
  }
  const answers = await Promise.all(
    wanted.map(
      async ([key, request]): Promise<[string, FormAnswer]> => [key, await ask(recordOf(request)["params"], signal)],
    ),
  );
  return { ...state, inputResponses: Object.fromEntries(answers) };
}
