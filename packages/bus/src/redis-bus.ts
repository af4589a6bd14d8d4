import { newUuid } from "@holdfast/protocol";
import { RedisApprovals } from "./approvals/redis-approvals.ts";
import { Commands } from "./connection/commands.ts";
import { type ConnectOptions, connect, disconnect } from "./connection/connect.ts";
import { RedisControl } from "./control/redis-control.ts";
import { RedisPresence } from "./control/redis-presence.ts";
import { settleNote } from "./conversations/settle-note.ts";
import { Intake } from "./conversations/intake.ts";
import { Outbox } from "./conversations/outbox.ts";
import { RedisConversations } from "./conversations/redis-conversations.ts";
import { RedisDeadLetters } from "./dlq/redis-dead-letters.ts";
import { RedisEventLog } from "./log/redis-event-log.ts";
import { Subscriber } from "./log/subscriber.ts";
import type { Bus, BusOptions, Retention } from "./ports/bus.ts";
import { RedisQueues } from "./queue/redis-queues.ts";
import { Upkeep } from "./retention/upkeep.ts";
import { RedisRuns } from "./runs/redis-runs.ts";
import { RedisCatalog } from "./tools/redis-catalog.ts";
import { RedisToolCalls } from "./tools/redis-tool-calls.ts";
import { ResultsWatcher } from "./tools/results-watcher.ts";

/** Longer than any BLOCK of ours. */
const BLOCKS_FOR_MS = 8_000;
const CHECK_TIMEOUT_MS = 1_500;

const RETENTION: Retention = { conversationTtlMs: 30 * 24 * 60 * 60 * 1_000, compactGraceMs: 60_000 };

/** The bus on Redis. Connects in the background: it can be built while Redis is away. */
export function createRedisBus(options: BusOptions): Bus {
  const instance = options.instance ?? newUuid();
  const onTrouble = options.onTrouble ?? (() => undefined);
  const base = (part: string): ConnectOptions => ({ url: options.url, name: `holdfast:${part}`, onTrouble });
  const timeout = options.requestTimeoutMs === undefined ? {} : { commandTimeoutMs: options.requestTimeoutMs };
  const redis = connect({ ...base("commands"), ...timeout, autoPipelining: true });
  const subscription = connect(base("subscriber"));
  const probe = connect({ ...base("probe"), commandTimeoutMs: CHECK_TIMEOUT_MS });
  const connectBlocking = () => connect({ ...base("blocking"), blocksForMs: BLOCKS_FOR_MS });

  const commands = new Commands(redis);
  const presence = new RedisPresence(commands, instance);
  const control = new RedisControl(commands, connectBlocking);
  const outbox = new Outbox(commands);
  const upkeep = new Upkeep(commands, { ...RETENTION, ...options.retention });
  const watcher = new ResultsWatcher(commands, connectBlocking, instance);
  const subscriber = new Subscriber(subscription);
  const toolCalls = new RedisToolCalls({
    commands,
    presence,
    watcher,
    instance,
    keptMs: Math.max(upkeep.conversationTtlMs, RETENTION.conversationTtlMs),
  });
  const runs = new RedisRuns({ commands, presence, outbox, upkeep, instance });
  const intake = new Intake(commands, outbox, control, upkeep);

  return {
    instance,
    conversations: new RedisConversations({ commands, intake, control, outbox, upkeep }),
    eventLog: new RedisEventLog(commands, subscriber, options.requestTimeoutMs),
    runs,
    approvals: new RedisApprovals(commands, outbox),
    queues: new RedisQueues(commands, presence, instance, connectBlocking),
    deadLetters: new RedisDeadLetters(commands, upkeep),
    toolCalls,
    toolJournal: toolCalls,
    catalog: new RedisCatalog(commands),
    control,
    presence,
    async check() {
      // A write: a Redis that is full or read-only answers PING all the same.
      await new Commands(probe).send((connection) => connection.set(`probe:${instance}`, "1", "PX", CHECK_TIMEOUT_MS));
    },
    sweepOutbox: () => outbox.sweep((note) => settleNote(commands, note)),
    sweepUpkeep: () => upkeep.sweep(),
    async close() {
      presence.close();
      runs.close();
      subscriber.close();
      await watcher.close();
      await Promise.all([redis, subscription, probe].map(disconnect));
    },
  };
}
