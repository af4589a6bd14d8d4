import type { Bus, CatalogTool, Entry, TraceContext } from "@holdfast/bus";
import { newUuid, ToolCall, type ToolResult, toolsTopic, TOOL_RUNNERS_GROUP } from "@holdfast/protocol";

export interface DoubledCall {
  readonly id: string;
  readonly call: ToolCall;
  /** Sends a live piece of output. */
  readonly output: (text: string) => Promise<void>;
}

/** What a tool answers: text, a whole outcome, or nothing at all, as if the runner had died. */
export type DoubledAnswer = string | Pick<ToolResult, "status" | "content"> | undefined;
export type DoubledTool = (call: DoubledCall) => Promise<DoubledAnswer> | DoubledAnswer;

export function catalogTool(toolset: string, own: string, more: Partial<CatalogTool> = {}): CatalogTool {
  return {
    name: `${toolset}__${own}`,
    own_name: own,
    description: `${own} of ${toolset}`,
    input_schema: { type: "object" },
    timeout_ms: 60_000,
    definition_sha256: newUuid(),
    ...more,
  };
}

/** A tool-runner as small as the contract allows: it takes calls from the queue, starts each once and answers. */
export class ToolRunnerDouble {
  /** Calls that were executed, in order. */
  readonly executed: ToolCall[] = [];
  /** The trace each of them came with. */
  readonly traces: TraceContext[] = [];
  readonly #bus: Bus;
  readonly #toolset: string;
  readonly #tools: Readonly<Record<string, DoubledTool>>;
  #isStopping = false;
  #loop: Promise<void> | undefined;

  constructor(bus: Bus, toolset: string, tools: Readonly<Record<string, DoubledTool>>) {
    this.#bus = bus;
    this.#toolset = toolset;
    this.#tools = tools;
  }

  /** Offers its tools and begins to work. `more` adds to the tools' catalog entries. */
  async start(more: Partial<CatalogTool> = {}): Promise<this> {
    const tools = Object.keys(this.#tools).map((own) => catalogTool(this.#toolset, own, more));
    await this.#bus.catalog.publish([{ toolset: this.#toolset, state: "ready", tools }], 60_000);
    const leave = await this.#bus.presence.join("tool-runner", [this.#toolset]);
    const queue = this.#bus.queues.open({ topics: [toolsTopic(this.#toolset)], group: TOOL_RUNNERS_GROUP });
    const work = async () => {
      while (!this.#isStopping) {
        for (const entry of await queue.read(16, 50)) {
          void this.#execute(entry).then(() => queue.ack(entry));
        }
      }
      await leave();
      await queue.close();
    };
    this.#loop = work();
    return this;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#loop;
  }

  async #execute(entry: Entry): Promise<void> {
    const call = ToolCall.parse(JSON.parse(entry.payload));
    const { conversation_id: conversationId, tool_call_id } = call;
    const { id } = entry;
    const { state } = await this.#bus.toolJournal.start(conversationId, id);
    if (state !== "begun") return;
    this.executed.push(call);
    this.traces.push(entry.trace);
    const output = (text: string) =>
      this.#bus.toolJournal.output(conversationId, { event: "tool_output", id, tool_call_id, stream: "stdout", text });
    const answer = await this.#tools[call.name]?.({ id, call, output });
    if (answer === undefined) return;
    const ending =
      typeof answer === "string" ? { status: "completed" as const, content: [{ type: "text", text: answer }] } : answer;
    await this.#bus.toolJournal.finish(conversationId, id, {
      event: "tool_result",
      id,
      tool_call_id,
      duration_ms: 1,
      ...ending,
    });
  }
}
