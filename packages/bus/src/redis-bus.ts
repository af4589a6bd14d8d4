import { newUuid } from "@holdfast/protocol";
import { RedisApprovals } from "./approvals/redis-approvals.ts";
import { openConnections } from "./connection/connections.ts";
import { RedisControl } from "./control/redis-control.ts";
import { RedisPresence } from "./control/redis-presence.ts";
import { settleNote } from "./conversations/settle-note.ts";
import { Intake } from "./conversations/intake.ts";
import { Outbox } from "./conversations/outbox.ts";
import { RedisConversations } from "./conversations/redis-conversations.ts";
import { RedisDeadLetters } from "./dlq/redis-dead-letters.ts";
import { RedisEventLog } from "./log/redis-event-log.ts";
import type { Bus, BusOptions, Retention } from "./ports/bus.ts";
import { RedisQueues } from "./queue/redis-queues.ts";
import { Upkeep } from "./retention/upkeep.ts";
import { RedisRuns } from "./runs/redis-runs.ts";
import { RedisCatalog } from "./tools/redis-catalog.ts";
import { RedisFiles } from "./tools/redis-files.ts";
import { RedisToolCalls } from "./tools/redis-tool-calls.ts";
import { ResultsWatcher } from "./tools/results-watcher.ts";

const RETENTION: Retention = { conversationTtlMs: 30 * 24 * 60 * 60 * 1_000, compactGraceMs: 60_000 };

/** The bus on Redis. Connects in the background: it can be built while Redis is away. */
export function createRedisBus(options: BusOptions): Bus {
  const instance = options.instance ?? newUuid();
  const onTrouble = options.onTrouble ?? (() => undefined);
  const { requestTimeoutMs, url } = options;
  const connections = openConnections({ url, requestTimeoutMs, onTrouble });
  const { commands, subscriber } = connections;
  const presence = new RedisPresence(commands, instance);
  const control = new RedisControl(commands, connections.openTail);
  const outbox = new Outbox(commands);
  const upkeep = new Upkeep(commands, { ...RETENTION, ...options.retention });
  const watcher = new ResultsWatcher(commands, connections.openTail, instance);
  const toolCalls = new RedisToolCalls({
    commands,
    presence,
    watcher,
    instance,
    keptMs: Math.max(upkeep.conversationTtlMs, RETENTION.conversationTtlMs),
  });
  const runs = new RedisRuns({ commands, presence, outbox, upkeep, instance });
  const queues = new RedisQueues(commands, presence, instance, connections.openReads);
  const intake = new Intake(commands, outbox, control, upkeep);

  return {
    instance,
    conversations: new RedisConversations({ commands, intake, control, outbox, upkeep }),
    eventLog: new RedisEventLog(commands, subscriber, requestTimeoutMs),
    runs,
    approvals: new RedisApprovals(commands, outbox),
    queues,
    deadLetters: new RedisDeadLetters(commands, upkeep),
    toolCalls,
    toolJournal: toolCalls,
    catalog: new RedisCatalog(commands, instance),
    files: new RedisFiles(commands, queues),
    control,
    presence,
    check: () => connections.check(),
    sweepOutbox: () => outbox.sweep((note) => settleNote(commands, note)),
    sweepUpkeep: () => upkeep.sweep(),
    async close() {
      presence.close();
      runs.close();
      await watcher.close();
      await connections.close();
    },
  };
}
