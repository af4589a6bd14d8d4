import {
  type ApprovalEvent,
  chatTopic,
  type Conversation,
  type ConversationSummary,
  type HistoryMessage,
  type Metadata,
  newUuid,
  resultsTopic,
  type Run,
  streamTopic,
} from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import {
  approvalPointerKey,
  approvalsKey,
  CONVERSATIONS_KEY,
  callsKey,
  historyKey,
  inboxKey,
  messagesKey,
  metaKey,
  runKey,
  runKeyPrefix,
  runPointerKey,
  steerKey,
  tombstoneKey,
  unfinishedKey,
  WAITING_APPROVALS_KEY,
} from "../keys.ts";
import type { Control } from "../ports/control.ts";
import type {
  Accepted,
  ConversationSnapshot,
  Conversations,
  Lookup,
  NewMessage,
  PageOf,
  PageRequest,
} from "../ports/conversations.ts";
import type { Upkeep } from "../retention/upkeep.ts";
import { cancelRun } from "./cancel.ts";
import type { Intake } from "./intake.ts";
import { pageOfConversations } from "./listing.ts";
import type { Outbox } from "./outbox.ts";
import { publicRun } from "./run-record.ts";
import { snapshotFrom } from "./snapshot.ts";

const TOMBSTONE_SECONDS = 24 * 60 * 60;

export class RedisConversations implements Conversations {
  readonly #commands: Commands;
  readonly #intake: Intake;
  readonly #control: Control;
  readonly #outbox: Outbox;
  readonly #upkeep: Upkeep;

  constructor(parts: {
    readonly commands: Commands;
    readonly intake: Intake;
    readonly control: Control;
    readonly outbox: Outbox;
    readonly upkeep: Upkeep;
  }) {
    this.#commands = parts.commands;
    this.#intake = parts.intake;
    this.#control = parts.control;
    this.#outbox = parts.outbox;
    this.#upkeep = parts.upkeep;
  }

  async create(given: Conversation & { metadata: Metadata }): ReturnType<Conversations["create"]> {
    const enterList = () =>
      this.#commands.send((redis) => redis.zadd(CONVERSATIONS_KEY, "NX", Date.parse(given.created_at), given.id));
    await enterList();
    const reply = await this.#commands.script(
      "create-2",
      [metaKey(given.id), tombstoneKey(given.id)],
      [given.created_at, JSON.stringify(given.metadata), newUuid()],
    );
    const outcome = text(reply[0]);
    if (outcome === "deleted") {
      await this.#commands.send((redis) => redis.zrem(CONVERSATIONS_KEY, given.id));
      return { outcome };
    }
    if (outcome === "created") {
      // Again: an earlier one of this id may have been taken off the list at this moment.
      await enterList();
      await this.#upkeep.rest(given.id);
    }
    return {
      outcome: outcome === "created" ? "created" : "exists",
      conversation: { id: given.id, created_at: text(reply[1]) },
    };
  }

  async find(id: string): Promise<Lookup<Conversation & { metadata: Metadata }>> {
    const [createdAt, metadata] = await this.#commands.send((redis) =>
      redis.hmget(metaKey(id), "created_at", "metadata"),
    );
    if (!createdAt) {
      const isDeleted = await this.#commands.send((redis) => redis.exists(tombstoneKey(id)));
      return { outcome: isDeleted ? "deleted" : "missing" };
    }
    return {
      outcome: "found",
      value: { id, created_at: createdAt, metadata: JSON.parse(metadata ?? "{}") as Metadata },
    };
  }

  list(page: PageRequest): Promise<PageOf<ConversationSummary>> {
    return pageOfConversations(this.#commands, page);
  }

  async snapshot(id: string): Promise<Lookup<ConversationSnapshot>> {
    const keys = [metaKey(id), historyKey(id), inboxKey(id), runKeyPrefix(id), tombstoneKey(id), steerKey(id)];
    const reply = await this.#commands.script("snapshot-6", keys, []);
    const outcome = text(reply[0]) as "found" | "missing" | "deleted";
    return outcome === "found" ? { outcome, value: snapshotFrom(id, reply) } : { outcome };
  }

  async history(id: string, page: PageRequest): Promise<Lookup<PageOf<HistoryMessage>>> {
    const snapshot = await this.snapshot(id);
    if (snapshot.outcome !== "found") return snapshot;
    const { messages } = snapshot.value;
    const from = page.cursor === undefined ? 0 : Number.parseInt(page.cursor, 10);
    const until = from + page.limit;
    return {
      outcome: "found",
      value: { data: messages.slice(from, until), nextCursor: until < messages.length ? String(until) : null },
    };
  }

  async delete(id: string): Promise<"deleted" | "missing"> {
    const keys = [
      streamTopic(id),
      metaKey(id),
      messagesKey(id),
      inboxKey(id),
      historyKey(id),
      tombstoneKey(id),
      runKeyPrefix(id),
      steerKey(id),
    ];
    const reply = await this.#commands.script("delete-8", keys, [TOMBSTONE_SECONDS, newUuid()]);
    if (text(reply[0]) !== "deleted") return "missing";
    const [, runs, approvals] = reply.map((part) => (Array.isArray(part) ? part.map(text) : []));
    const atWork = text(reply[3]);
    const agents = new Map<string, string>();
    for (let at = 0; at + 1 < (runs ?? []).length; at += 2) agents.set(runs?.[at] ?? "", runs?.[at + 1] ?? "");
    await Promise.all([
      // It was heard: the tombstone need not say any more what was deleted. A full Redis refuses that, and the key lapses anyway.
      this.#commands.send((redis) => redis.set(tombstoneKey(id), "1", "KEEPTTL", "XX")).catch(() => undefined),
      this.#commands.send((redis) => redis.zrem(CONVERSATIONS_KEY, id)),
      this.#upkeep.forget(id),
      this.#commands.send((redis) => redis.del(chatTopic(id))),
      this.#commands.send((redis) => redis.del(resultsTopic(id))),
      this.#commands.send((redis) => redis.del(callsKey(id))),
      ...[...agents.keys()].map((runId) => this.#commands.send((redis) => redis.del(runPointerKey(runId)))),
      ...(approvals ?? []).flatMap((approvalId) => [
        this.#commands.send((redis) => redis.del(approvalPointerKey(approvalId))),
        this.#commands.send((redis) => redis.zrem(WAITING_APPROVALS_KEY, `${approvalId} ${id}`)),
      ]),
      ...[...agents].map(([runId, agent]) =>
        this.#commands.send((redis) => redis.zrem(unfinishedKey(agent), `${id} ${runId}`)),
      ),
    ]);
    // The bell makes the owner look at once; its fence is gone already. Nobody is at work on the others, and control topics are
    // capped: a bell for each would take the place of commands that are not yet heard.
    const agent = agents.get(atWork);
    if (agent) await this.#control.send(agent, { type: "cancel", run_id: atWork, by: "system:delete", flagged: true });
    return "deleted";
  }

  accept(message: NewMessage): Promise<Accepted> {
    return this.#intake.accept(message);
  }

  async findRun(runId: string): Promise<Run | undefined> {
    const conversationId = await this.#commands.send((redis) => redis.get(runPointerKey(runId)));
    if (!conversationId) return undefined;
    const fields = await this.#commands.send((redis) => redis.hgetall(runKey(conversationId, runId)));
    if (!fields["id"]) return undefined;
    return publicRun(conversationId, new Map(Object.entries(fields)), await this.#waitingOf(conversationId, fields));
  }

  async #waitingOf(conversationId: string, run: Record<string, string>): Promise<ApprovalEvent[]> {
    const ids = `${run["asked"] ?? ""} ${run["questions"] ?? ""}`.split(" ").filter(Boolean);
    if (ids.length === 0) return [];
    const events = await this.#commands.send((redis) => redis.hmget(approvalsKey(conversationId), ...ids));
    return events
      .flatMap((event) => (event ? [JSON.parse(event) as ApprovalEvent] : []))
      .filter(({ status }) => status === "requested");
  }

  async cancelRun(runId: string, by: string): ReturnType<Conversations["cancelRun"]> {
    const run = await this.findRun(runId);
    if (!run) return undefined;
    const cancelled = await cancelRun(this.#commands, this.#control, this.#outbox, run, by);
    // Also where it had ended before: the one who ended it may have died before it did this.
    if (cancelled && cancelled.outcome !== "requested") await this.#upkeep.rest(run.conversation_id, runId);
    return cancelled;
  }
}
