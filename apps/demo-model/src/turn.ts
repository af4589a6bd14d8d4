import type { ModelMessage, ModelToolCall } from "@holdfast/model-wire";

export interface ToolOutcome {
  call: ModelToolCall;
  text: string;
}

/** The part of a conversation that the next reply answers. */
export interface Turn {
  /** The user's last message; empty if there is none. */
  message: string;
  /** What the user said before that, oldest first. */
  earlier: string[];
  /** How many steps with tool calls this turn has taken already. */
  stepsTaken: number;
  /** What those calls gave, in the order of the calls. */
  results: ToolOutcome[];
}

export function currentTurn(messages: readonly ModelMessage[]): Turn {
  const last = messages.findLastIndex((message) => message.role === "user");
  const earlier = messages
    .slice(0, Math.max(last, 0))
    .flatMap((message) => (message.role === "user" ? [message.text] : []));
  const since = messages.slice(last + 1);
  const texts = new Map(since.flatMap((message) => (message.role === "tool" ? [[message.callId, message.text]] : [])));
  const steps = since.flatMap((message) =>
    message.role === "assistant" && message.toolCalls.length > 0 ? [message.toolCalls] : [],
  );
  const message = messages[last];
  return {
    message: message?.role === "user" ? message.text.trim() : "",
    earlier,
    stepsTaken: steps.length,
    results: steps.flat().map((call) => ({ call, text: texts.get(call.id) ?? "" })),
  };
}
