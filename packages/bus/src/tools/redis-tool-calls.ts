import { resultsTopic, type ToolCall, type ToolOutput, type ToolResult, toolsTopic } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { traceFields } from "../trace-fields.ts";
import { uuidV5 } from "../ids.ts";
import { callsKey } from "../keys.ts";
import type { Presence } from "../ports/control.ts";
import type { TraceContext } from "../ports/entry.ts";
import type { CallState, ToolCalls, ToolJournal } from "../ports/tool-calls.ts";
import type { ResultsWatcher } from "./results-watcher.ts";

const CANCELLED = "c:";
const KEPT_OUTPUT = 10_000;

/**
 * Tool calls between workers and tool-runners. The journal `{results:<conversation>}:calls` holds one state per call and
 * moves only absent → started → done or absent → cancelled: that is what makes a call run at most once.
 */
export class RedisToolCalls implements ToolCalls, ToolJournal {
  readonly #commands: Commands;
  readonly #presence: Presence;
  readonly #watcher: ResultsWatcher;
  readonly #instance: string;

  constructor(commands: Commands, presence: Presence, watcher: ResultsWatcher, instance: string) {
    this.#commands = commands;
    this.#presence = presence;
    this.#watcher = watcher;
    this.#instance = instance;
  }

  callId(runId: string, step: number, index: number): string {
    return uuidV5(runId, `${step}/${index}`);
  }

  async send(toolset: string, id: string, call: ToolCall, trace: TraceContext): Promise<void> {
    await this.#commands.send((redis) =>
      redis.xadd(toolsTopic(toolset), "*", "id", id, "payload", JSON.stringify(call), ...traceFields(trace)),
    );
  }

  async state(conversationId: string, id: string): Promise<CallState> {
    return this.#read((await this.#commands.send((redis) => redis.hget(callsKey(conversationId), id))) ?? "");
  }

  async giveUp(conversationId: string, id: string): Promise<CallState> {
    const [before] = await this.#commands.script("start-call-1", [callsKey(conversationId)], [id, CANCELLED]);
    return this.#read(text(before) || CANCELLED);
  }

  watch(conversationId: string, listener: (answer: ToolOutput | ToolResult) => void): Promise<() => void> {
    return this.#watcher.watch(conversationId, listener);
  }

  async start(conversationId: string, id: string): Promise<CallState | { readonly state: "begun" }> {
    const [before] = await this.#commands.script(
      "start-call-1",
      [callsKey(conversationId)],
      [id, `s:${this.#instance}`],
    );
    return text(before) === "" ? { state: "begun" } : this.#read(text(before));
  }

  async output(conversationId: string, output: ToolOutput): Promise<void> {
    const fields = ["id", output.id, "payload", JSON.stringify(output)];
    await this.#commands.send((redis) =>
      redis.xadd(resultsTopic(conversationId), "MAXLEN", "~", KEPT_OUTPUT, "*", ...fields),
    );
  }

  async finish(conversationId: string, id: string, result: ToolResult): Promise<void> {
    const keys = [callsKey(conversationId), resultsTopic(conversationId)];
    await this.#commands.script("finish-call-2", keys, [id, uuidV5(id, "result"), JSON.stringify(result)]);
  }

  async #read(stored: string): Promise<CallState> {
    const rest = stored.slice(2);
    switch (stored.slice(0, 2)) {
      case "s:":
        return { state: "started", runner: rest, runnerAlive: await this.#presence.isAlive(rest) };
      case "d:":
        return { state: "done", result: JSON.parse(rest) as ToolResult };
      case CANCELLED:
        return { state: "cancelled" };
      default:
        return { state: "absent" };
    }
  }
}
