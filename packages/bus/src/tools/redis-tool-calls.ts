import {
  newUuid,
  type ResultsPayload,
  resultsTopic,
  type ToolCall,
  type ToolOutput,
  type ToolQuestion,
  type ToolResult,
  toolsTopic,
} from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { entryFields, publishEntry } from "../queue/publish-entry.ts";
import { uuidV5 } from "../ids.ts";
import { callsKey, tombstoneKey } from "../keys.ts";
import { insist } from "../runs/insist.ts";
import type { Presence } from "../ports/control.ts";
import type { TraceContext } from "../ports/entry.ts";
import type { AskedByCall, CallState, ToolCalls, ToolJournal } from "../ports/tool-calls.ts";
import type { ResultsWatcher } from "./results-watcher.ts";

const CANCELLED = "c:";
const ASKED_NOTHING: AskedByCall = { open: [], over: [] };
const KEPT_OUTPUT = 10_000;
const NEVER = (): undefined => undefined;

interface ToolCallsParts {
  readonly commands: Commands;
  readonly presence: Presence;
  readonly watcher: ResultsWatcher;
  readonly instance: string;
  /** Of calls and their results after the latest of them, ms. When its conversation rests, its time to live counts. */
  readonly keptMs: number;
}

/**
 * Tool calls between workers and tool-runners. The journal `{results:<conversation>}:calls` holds one state per call and
 * moves only absent → started → done or absent → cancelled: that is what makes a call run at most once.
 */
export class RedisToolCalls implements ToolCalls, ToolJournal {
  readonly #commands: Commands;
  readonly #presence: Presence;
  readonly #watcher: ResultsWatcher;
  readonly #instance: string;
  readonly #keptMs: number;

  constructor(parts: ToolCallsParts) {
    this.#commands = parts.commands;
    this.#presence = parts.presence;
    this.#watcher = parts.watcher;
    this.#instance = parts.instance;
    this.#keptMs = parts.keptMs;
  }

  callId(runId: string, step: number, index: number): string {
    return uuidV5(runId, `${step}/${index}`);
  }

  async send(toolset: string, id: string, call: ToolCall, trace: TraceContext): Promise<void> {
    await publishEntry(this.#commands, toolsTopic(toolset), { id, payload: JSON.stringify(call), trace });
  }

  async state(conversationId: string, id: string): Promise<CallState> {
    const fields = [id, `${id}:questions`, `${id}:over`] as const;
    const read = await this.#commands.send((redis) => redis.hmget(callsKey(conversationId), ...fields));
    const [stored, open, over] = read;
    const questions = { open: JSON.parse(open ?? "[]") as ToolQuestion[], over: over?.split(" ") ?? [] };
    return this.#read(stored ?? "", questions);
  }

  async giveUp(conversationId: string, id: string): Promise<CallState> {
    const before = await this.#enter(conversationId, id, CANCELLED);
    await this.#leavesDeleted(conversationId);
    return this.#read(before || CANCELLED);
  }

  async isServed(toolset: string): Promise<boolean> {
    const runners = await this.#presence.members("tool-runner");
    return runners.some(({ agents: toolsets }) => toolsets.length === 0 || toolsets.includes(toolset));
  }

  watch(conversationId: string, listener: (answer: ResultsPayload) => void): Promise<() => void> {
    return this.#watcher.watch(conversationId, listener);
  }

  async start(conversationId: string, id: string): Promise<CallState | { readonly state: "begun" }> {
    const before = await this.#enter(conversationId, id, `s:${this.#instance} ${newUuid()}`);
    // What a deleted conversation still wanted is nobody's wish any more.
    const isDeleted = await insist(() => this.#leavesDeleted(conversationId), NEVER);
    if (isDeleted) return { state: "cancelled" };
    return before === "" ? { state: "begun" } : insist(() => this.#read(before), NEVER);
  }

  async output(conversationId: string, output: ToolOutput): Promise<void> {
    const topic = resultsTopic(conversationId);
    const fields = entryFields({ id: newUuid(), payload: JSON.stringify(output) });
    await Promise.all([
      this.#commands.send((redis) => redis.xadd(topic, "MAXLEN", "~", KEPT_OUTPUT, "*", ...fields)),
      this.#commands.send((redis) => redis.pexpire(topic, this.#keptMs)),
    ]);
    await this.#leavesDeleted(conversationId);
  }

  questionId(id: string, n: number): string {
    return uuidV5(id, `question/${n}`);
  }

  async questions(
    conversationId: string,
    id: string,
    { open, over }: AskedByCall,
    asked?: ToolQuestion,
  ): Promise<"told" | "ended"> {
    const keys = [callsKey(conversationId), resultsTopic(conversationId)];
    const list = open.length === 0 ? "" : JSON.stringify(open);
    const ids = over.join(" ");
    const args = [id, list, ids, asked?.question_id ?? "", asked ? JSON.stringify(asked) : "", this.#keptMs];
    const [outcome] = await this.#commands.durably(keys, () => this.#commands.script("put-question-2", keys, args));
    if (await this.#leavesDeleted(conversationId)) return "ended";
    return text(outcome) === "OK" ? "told" : "ended";
  }

  /** Waits for Redis: the tool has run, and its result must not be thrown away. */
  async finish(conversationId: string, id: string, result: ToolResult): Promise<void> {
    const keys = [callsKey(conversationId), resultsTopic(conversationId)];
    const args = [id, uuidV5(id, "result"), JSON.stringify(result), this.#keptMs];
    const finish = () => insist(() => this.#commands.script("finish-call-2", keys, args), NEVER);
    await this.#commands.durably(keys, finish);
    await insist(() => this.#leavesDeleted(conversationId), NEVER);
  }

  /**
   * To be asked after every write: the tombstone is in another slot, and a deletion that did not see the write is seen here.
   * Removes what was written to a conversation that is deleted, and says whether it is.
   */
  async #leavesDeleted(conversationId: string): Promise<boolean> {
    if (!(await this.#commands.send((redis) => redis.exists(tombstoneKey(conversationId))))) return false;
    const left = [resultsTopic(conversationId), callsKey(conversationId)];
    await Promise.all(left.map((key) => this.#commands.send((redis) => redis.del(key))));
    return true;
  }

  /** Answers the state before, '' where the call was absent and is now in `state`. */
  async #enter(conversationId: string, id: string, state: string): Promise<string> {
    const keys = [callsKey(conversationId)];
    const enter = () => insist(() => this.#commands.script("start-call-1", keys, [id, state, this.#keptMs]), NEVER);
    // The tool runs next: a failover must not forget that it was begun.
    const [before] = await this.#commands.durably(keys, enter);
    return text(before);
  }

  async #read(stored: string, questions: AskedByCall = ASKED_NOTHING): Promise<CallState> {
    const rest = stored.slice(2);
    switch (stored.slice(0, 2)) {
      case "s:":
        return this.#started(rest.split(" ", 1)[0] ?? "", questions);
      case "d:":
        return { state: "done", result: JSON.parse(rest) as ToolResult };
      case CANCELLED:
        return { state: "cancelled" };
      default:
        return { state: "absent" };
    }
  }

  async #started(runner: string, questions: AskedByCall): Promise<CallState> {
    return { state: "started", runner, runnerAlive: await this.#presence.isAlive(runner), questions };
  }
}
