import type { Bus, NewMessage, TraceContext } from "@holdfast/bus";
import { answerText, type ConversationState, emptyConversation, reduce, type RunItem, runsOf } from "@holdfast/client";
import { isTerminal, newUuid, type OutputEvent, type RunEvent, StreamEvent, type TokenEvent } from "@holdfast/protocol";
import { until } from "@holdfast/testing";

/** A conversation as a user sees it: messages go in as the gateway puts them, and everything else is read from its log. */
export class Talk {
  readonly id = newUuid();
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Answers the run's id. */
  async say(content: string, trace: TraceContext = {}, onBusy: NewMessage["onBusy"] = "enqueue"): Promise<string> {
    const agent = "assistant";
    const envelope = {
      id: newUuid(),
      conversation_id: this.id,
      sender: "user:ann",
      recipient: `agent:${agent}`,
      type: "message" as const,
      content,
      metadata: {},
      created_at: new Date().toISOString(),
    };
    const accepted = await this.#bus.conversations.accept({ envelope, agent, onBusy, trace });
    if (accepted.outcome !== "accepted") throw new Error(`not accepted: ${accepted.outcome}`);
    return accepted.runId;
  }

  /** As a message that is to be heard in the running answer. */
  steer(content: string): Promise<string> {
    return this.say(content, {}, "steer");
  }

  /** Every event so far; each is held against the contract's schema. */
  async events(): Promise<StreamEvent[]> {
    const lines = await this.#bus.eventLog.read(this.id, undefined, 100_000);
    return lines.map((line) => StreamEvent.parse(JSON.parse(line.payload)));
  }

  /** What a reader that follows the reader rule shows. */
  async state(): Promise<ConversationState> {
    const lines = await this.#bus.eventLog.read(this.id, undefined, 100_000);
    return lines.reduce(
      (state, line) => reduce(state, { id: line.id, event: JSON.parse(line.payload) as { event: string } }),
      emptyConversation,
    );
  }

  async shown(runId: string): Promise<RunItem> {
    const run = runsOf(await this.state()).find((item) => item.runId === runId);
    if (!run) throw new Error(`the log does not know run ${runId}`);
    return run;
  }

  async tokens(runId: string): Promise<TokenEvent[]> {
    return (await this.events()).filter((event) => event.event === "token").filter((event) => event.run_id === runId);
  }

  /** Resolves when the log holds a token that contains `text`. */
  async saysSoon(runId: string, text: string): Promise<void> {
    const hasSaid = async () => (await this.tokens(runId)).some((token) => token.text.includes(text));
    await until(hasSaid, { timeoutMs: 25_000, what: `the run says ${text}` });
  }

  /**
   * Waits for the run's end and holds it against what every run promises: one terminal event, nothing after it, at most one
   * output, right before it, and every reader shows exactly its text.
   */
  async ended(
    runId: string,
    timeoutMs = 25_000,
  ): Promise<{ run: RunEvent; output: OutputEvent | undefined; text: string }> {
    const isEnd = (event: StreamEvent): event is RunEvent => event.event === "run" && isTerminal(event.status);
    const own = async () => (await this.events()).filter((event) => "run_id" in event && event.run_id === runId);
    await until(async () => (await own()).some(isEnd), { timeoutMs, what: "the run ends" });
    const events = await own();
    const outputs = events.filter((event) => event.event === "output");
    const [run, ...more] = events.filter(isEnd);
    const last = events.at(-1);
    if (!run || more.length > 0 || last !== run)
      throw new Error("a run must have one terminal event, and nothing after it");
    if (outputs.length > 1 || (outputs[0] && events.at(-2) !== outputs[0])) throw new Error("a misplaced output");
    const text = answerText(await this.shown(runId));
    const [output] = outputs;
    if (output && text !== output.text) throw new Error(`a reader shows ${JSON.stringify(text)}, not ${output.text}`);
    return { run, output, text };
  }

  async history(): Promise<{ role: string; content: string }[]> {
    const found = await this.#bus.conversations.history(this.id, { limit: 200 });
    if (found.outcome !== "found") throw new Error(found.outcome);
    return found.value.data.map(({ role, content }) => ({ role, content }));
  }
}
