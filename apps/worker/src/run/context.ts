import type { HistoryRecord, JournalCall } from "@holdfast/bus";
import type { ModelMessage } from "../model/model-client.ts";
import type { RunProgress } from "./run-progress.ts";

/**
 * What the model is told: earlier turns, this turn's message, and what this run has done, with what was
 * steered into it where it was heard. Providers refuse a conversation,
 * for ever, in which a call has no result or a result no call, so both are repaired here whatever wrote them.
 */
export function contextOf(history: readonly HistoryRecord[], content: string, progress: RunProgress): ModelMessage[] {
  // A provider's own items serve the run that made them; across turns and agents they only cost.
  const earlier = history.flatMap(({ model }) => {
    if (model === undefined) return [];
    return [model.role === "assistant" ? withoutProvider(model) : model];
  });
  return repaired([...earlier, { role: "user", content }, ...stepsOf(progress)]);
}

type AssistantMessage = Extract<ModelMessage, { role: "assistant" }>;

function withoutProvider({ role, content, calls }: AssistantMessage): AssistantMessage {
  return { role, content, calls };
}

function stepsOf(progress: RunProgress): ModelMessage[] {
  const steered = (step: number): ModelMessage[] =>
    progress.steeredBefore(step).map(({ envelope }) => ({ role: "user", content: envelope.content }));
  const finished = progress.steps.flatMap((step): ModelMessage[] => [
    ...steered(step.step),
    { role: "assistant", content: step.text, calls: step.calls, provider: step.provider },
    ...step.calls.flatMap((call) => {
      const result = progress.result(call.id);
      return result ? [{ role: "tool" as const, tool_call_id: call.id, content: result.text }] : [];
    }),
  ]);
  return [...finished, ...steered(progress.nextStep)];
}

function repaired(messages: readonly ModelMessage[]): ModelMessage[] {
  const whole: ModelMessage[] = [];
  for (const [at, message] of messages.entries()) {
    // A tool's message stands with its call, put there below.
    if (message.role === "tool") continue;
    whole.push(message);
    if (message.role === "assistant") whole.push(...message.calls.map((call) => answerTo(call, messages, at)));
  }
  return whole;
}

/** The result among the messages that follow directly; ids may come again in later turns. */
function answerTo(call: JournalCall, messages: readonly ModelMessage[], at: number): ModelMessage {
  for (const message of messages.slice(at + 1)) {
    if (message.role !== "tool") break;
    if (message.tool_call_id === call.id) return message;
  }
  return {
    role: "tool",
    tool_call_id: call.id,
    content: "No result was recorded: whether this call took effect is unknown.",
  };
}
