import type { CallId, ToolCalls } from "@holdfast/bus";
import type { ResultsPayload, ToolOutput, ToolQuestion, ToolResult } from "@holdfast/protocol";

export interface AnswerListener {
  readonly onOutput: (output: ToolOutput) => void;
  readonly onQuestion: (question: ToolQuestion) => void;
}

interface Awaited extends AnswerListener {
  readonly resolve: (result: ToolResult) => void;
}

/** Hands the answers heard in `results:<conversation>` to the calls that wait for them. Listening begins with the first. */
export class AnswerBoard {
  readonly #toolCalls: ToolCalls;
  readonly #conversationId: string;
  readonly #awaited = new Map<CallId, Awaited>();
  #listening: Promise<() => void> | undefined;

  constructor(toolCalls: ToolCalls, conversationId: string) {
    this.#toolCalls = toolCalls;
    this.#conversationId = conversationId;
  }

  /** Resolves when nothing later can be missed; the inner promise with the call's result. */
  async expect(id: CallId, listener: AnswerListener): Promise<{ readonly result: Promise<ToolResult> }> {
    const { promise, resolve } = Promise.withResolvers<ToolResult>();
    this.#awaited.set(id, { ...listener, resolve });
    this.#listening ??= this.#toolCalls.watch(this.#conversationId, (answer) => this.#deliver(answer));
    await this.#listening;
    return { result: promise };
  }

  async close(): Promise<void> {
    this.#awaited.clear();
    const stop = await this.#listening?.catch(() => undefined);
    stop?.();
  }

  /** Answers are delivered at least once; what comes after a call's result is nobody's. */
  #deliver(answer: ResultsPayload): void {
    const awaited = this.#awaited.get(answer.id);
    if (answer.event === "tool_output") {
      awaited?.onOutput(answer);
      return;
    }
    if (answer.event === "tool_question") {
      awaited?.onQuestion(answer);
      return;
    }
    this.#awaited.delete(answer.id);
    awaited?.resolve(answer);
  }
}
