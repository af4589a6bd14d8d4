import { hash } from "node:crypto";
import {
  chatTopic,
  isTerminal,
  type RunEvent,
  type RunStatus,
  streamTopic,
  type UserMessageEvent,
} from "@holdfast/protocol";
import { leaveIndex } from "../approvals/waiting-index.ts";
import { type Commands, type Reply, text } from "../connection/commands.ts";
import { runIdOf } from "../ids.ts";
import {
  CONVERSATIONS_KEY,
  inboxKey,
  messagesKey,
  metaKey,
  runKey,
  runPointerKey,
  steerKey,
  tombstoneKey,
  unfinishedKey,
} from "../keys.ts";
import type { Control } from "../ports/control.ts";
import type { Accepted, NewMessage } from "../ports/conversations.ts";
import type { Upkeep } from "../retention/upkeep.ts";
import { publishTurn } from "./chat-topics.ts";
import type { Note, Outbox, PutNote } from "./outbox.ts";

const TITLE_LENGTH = 80;

interface Try {
  readonly reply: Reply[];
  readonly put: PutNote;
}

/** Accepts messages, from HTTP and from bare queue entries alike (bus design, "Accept"). */
export class Intake {
  readonly #commands: Commands;
  readonly #outbox: Outbox;
  readonly #control: Control;
  readonly #upkeep: Upkeep;

  constructor(commands: Commands, outbox: Outbox, control: Control, upkeep: Upkeep) {
    this.#commands = commands;
    this.#outbox = outbox;
    this.#control = control;
    this.#upkeep = upkeep;
  }

  async accept(message: NewMessage): Promise<Accepted> {
    return (message.alreadyQueued ? await this.#known(message) : undefined) ?? this.#accept(message);
  }

  async #accept(message: NewMessage): Promise<Accepted> {
    const { envelope, agent } = message;
    const conversationId = envelope.conversation_id;
    const runId = runIdOf(conversationId, envelope.id);
    const note: Note = { kind: "turn", conversationId, runId };
    const written = [
      streamTopic(conversationId),
      chatTopic(agent),
      runPointerKey(runId),
      unfinishedKey(agent),
      CONVERSATIONS_KEY,
    ];
    const tries: Try[] = [];
    const { reply } = await this.#commands.durably(written, async () => {
      const tried = await this.#acceptOnce(message, runId, note);
      tries.push(tried);
      return tried;
    });
    const outcome = text(reply[0]) as Accepted["outcome"];
    await this.#takeNoteAway(tries, outcome);
    // Only the try that was the first to be heard knows what it interrupted.
    for (const [, , , interrupted, , of = "", asked] of tries.map((tried) => tried.reply.map(text)))
      if (interrupted)
        await this.#afterInterrupting({ conversationId, runId: interrupted }, of, asked ?? "", envelope.sender);
    if (outcome === "deleted" || outcome === "busy") await this.#withdraw(note, agent, outcome);
    if (outcome === "busy") return { outcome, runId: text(reply[1]) };
    if (outcome === "deleted" || outcome === "conflict") return { outcome };
    const status = text(reply[2]) as RunStatus;
    // A message that is sent again after its run's end must not bring that back into the index.
    if (isTerminal(status)) await this.#forgetUnfinished(note, agent);
    return { outcome, runId: text(reply[1]), status };
  }

  /**
   * What a work topic gives was put there by whoever accepted it, as a rule, and all else that belongs to an accept was
   * done by then or stands in the outbox. Undefined for what nobody has accepted yet.
   */
  async #known(message: NewMessage): Promise<Accepted | undefined> {
    const { envelope, deliveredBy = "" } = message;
    const id = envelope.conversation_id;
    const runId = runIdOf(id, envelope.id);
    const keys = [tombstoneKey(id), messagesKey(id), runKey(id, runId)];
    const hashes = [coreHash(message), bodyHash(message)];
    const reply = await this.#commands.script("known-3", keys, [envelope.id, ...hashes, deliveredBy]);
    const [outcome, knownRunId, status] = reply.map(text);
    if (outcome === "deleted" || outcome === "conflict") return { outcome };
    return outcome === "duplicate" ? { outcome, runId: knownRunId ?? runId, status: status as RunStatus } : undefined;
  }

  /** Everything that must be safe before the answer; done twice it changes nothing. */
  async #acceptOnce(message: NewMessage, runId: string, note: Note): Promise<Try> {
    const { envelope, agent } = message;
    const conversationId = envelope.conversation_id;
    // Pointers come before the fact: one without its fact reads as unknown. They are waited for, on one server as well: a fact
    // that is on its way when the connection breaks happens after its sender was told that it did not.
    const [put] = await Promise.all([this.#outbox.put(note), this.#pointAt(note, agent)]);
    const reply = await this.#commands.script(
      "accept-7",
      [
        streamTopic(conversationId),
        metaKey(conversationId),
        messagesKey(conversationId),
        inboxKey(conversationId),
        runKey(conversationId, runId),
        tombstoneKey(conversationId),
        steerKey(conversationId),
      ],
      acceptArguments(message, runId),
    );
    const outcome = text(reply[0]) as Accepted["outcome"];
    // A duplicate may be the second try of an accept that died before it published: publish it again, readers dedupe.
    const waits = outcome === "accepted" || (outcome === "duplicate" && text(reply[2]) === "queued");
    if (waits || (outcome === "duplicate" && !put.isFirst)) {
      await Promise.all([
        publishTurn(this.#commands, {
          conversationId,
          agent,
          messageId: envelope.id,
          envelope: JSON.stringify(envelope),
          trace: message.trace,
          turn: text(reply[4]),
          alreadyQueued: !waits || (message.alreadyQueued ?? false),
        }),
        // Again: the same message sent before and refused may have been withdrawn at this moment, or an earlier
        // conversation of this id taken off the list.
        outcome === "accepted" ? this.#pointAt(note, agent) : undefined,
        // One that nobody ever takes has its pointers renewed all the same.
        outcome === "accepted" ? this.#upkeep.expectWork(conversationId) : undefined,
      ]);
    }
    return { reply, put };
  }

  /** What leads to the run and its conversation from other slots. */
  async #pointAt({ conversationId, runId }: Note, agent: string): Promise<void> {
    await Promise.all([
      this.#commands.send((redis) => redis.set(runPointerKey(runId), conversationId, "PX", this.#upkeep.newPointerMs)),
      this.#commands.send((redis) => redis.zadd(unfinishedKey(agent), "NX", Date.now(), `${conversationId} ${runId}`)),
      this.#commands.send((redis) => redis.zadd(CONVERSATIONS_KEY, "NX", Date.now(), conversationId)),
    ]);
  }

  /** A run that waited for humans has ended at once; the owner of one at work is made to look at its flag. */
  async #afterInterrupting(run: Pick<Note, "conversationId" | "runId">, agent: string, asked: string, by: string) {
    if (!asked) return this.#control.send(agent, { type: "cancel", run_id: run.runId, by, flagged: true });
    // The indices are hints, tidied by who reads them.
    const tidied = [leaveIndex(this.#commands, run.conversationId, asked), this.#forgetUnfinished(run, agent)];
    await Promise.all(tidied).catch(() => undefined);
  }

  /** Where nothing was published, a note that was there before still stands for what another try accepted. */
  async #takeNoteAway(tries: readonly Try[], outcome: Accepted["outcome"]): Promise<void> {
    const isDone = outcome === "accepted" || outcome === "duplicate" || outcome === "deleted";
    const [first, last] = [tries[0]?.put, tries.at(-1)?.put];
    if (last && (isDone || first?.isFirst)) await this.#outbox.remove(last);
  }

  async #forgetUnfinished({ conversationId, runId }: Pick<Note, "conversationId" | "runId">, agent: string) {
    await this.#commands.send((redis) => redis.zrem(unfinishedKey(agent), `${conversationId} ${runId}`));
  }

  /** Takes back what was written before a fact that did not come about. */
  async #withdraw(note: Note, agent: string, outcome: "deleted" | "busy"): Promise<void> {
    const { conversationId, runId } = note;
    await Promise.all([
      this.#commands.send((redis) => redis.del(runPointerKey(runId))),
      this.#forgetUnfinished({ conversationId, runId }, agent),
      outcome === "deleted" ? this.#commands.send((redis) => redis.zrem(CONVERSATIONS_KEY, conversationId)) : undefined,
    ]);
    // The same message sent again may have been accepted meanwhile. One that is accepted after this look points again itself.
    const status = await this.#commands.send((redis) => redis.hget(runKey(conversationId, runId), "status"));
    if (status) await this.#pointAt(note, agent);
  }
}

function acceptArguments(message: NewMessage, runId: string): string[] {
  const { envelope, agent } = message;
  const common = { conversation_id: envelope.conversation_id, created_at: envelope.created_at };
  const userMessage: UserMessageEvent = {
    event: "user_message",
    ...common,
    message_id: envelope.id,
    sender: envelope.sender,
    content: envelope.content,
    run_id: runId,
    agent,
    attempt: 0,
  };
  const queued: RunEvent = {
    event: "run",
    ...common,
    run_id: runId,
    agent,
    attempt: 0,
    status: "queued",
    message_id: envelope.id,
  };
  return [
    envelope.id,
    runId,
    bodyHash(message),
    message.onBusy,
    JSON.stringify(userMessage),
    JSON.stringify(queued),
    agent,
    JSON.stringify(envelope),
    JSON.stringify(message.trace),
    envelope.created_at,
    titleOf(envelope.content),
    "{}",
    coreHash(message),
    message.alreadyQueued ? "core" : "body",
    message.refusal ? JSON.stringify(message.refusal) : "",
    message.deliveredBy ?? "",
  ];
}

/** What makes two messages under one id the same message. Times are not part of it: a retry is later. */
function bodyHash({ envelope, agent }: NewMessage): string {
  return hashOf([agent, envelope.content, envelope.sender, sorted(envelope.metadata)]);
}

/** The part of a body that a bare queue entry must have: what it leaves out does not make it another message. */
function coreHash({ envelope, agent }: NewMessage): string {
  return hashOf([agent, envelope.content]);
}

function hashOf(body: unknown): string {
  return hash("sha256", JSON.stringify(body), "base64url");
}

/** The order of keys says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function titleOf(content: string): string {
  const line = content.trim().split("\n", 1)[0] ?? "";
  return line.length > TITLE_LENGTH
    ? `${Array.from(line)
        .slice(0, TITLE_LENGTH - 1)
        .join("")}…`
    : line;
}
