import { dlqTopic, resultsTopic, streamTopic } from "@holdfast/protocol";

/**
 * Every key that is not a topic. What belongs to one conversation shares its stream's slot: the whole topic stands in
 * the hash tag (protocol §2.5).
 */
const ofStream = (conversationId: string, part: string): string => `{${streamTopic(conversationId)}}:${part}`;

/** Hash: epoch, seq, created_at, creation, metadata, title, updated_at, lineage, turn, claim, claims, active, owner, fence, run_seq, run_cancel, compacted, renewed, `told:…`. */
export const metaKey = (conversationId: string): string => ofStream(conversationId, "meta");
/** Field of meta: entry id of the newest command to the agent that the conversation was told of. `kind` is `state` or `reload`. */
export const toldField = (agent: string, kind: string): string => `told:${agent}:${kind}`;
/** Hash: message id -> {run_id, hash, core, entry}, of one that was redriven also {redrives, earlier: ids of its earlier runs}. */
export const messagesKey = (conversationId: string): string => ofStream(conversationId, "messages");
/** List of run ids that wait, in turn order. */
export const inboxKey = (conversationId: string): string => ofStream(conversationId, "inbox");
/** List of run ids that wait to be steered into the active run, in turn order; empty where no run is active. */
export const steerKey = (conversationId: string): string => ofStream(conversationId, "steer");
/** List of HistoryRecord (see history-record.ts), oldest first. */
export const historyKey = (conversationId: string): string => ofStream(conversationId, "history");
/**
 * Hash, of every approval of the conversation by its id: `<id>` the newest `approval` event, `<id>:status`, `<id>:call` the
 * call it is for. They outlive their run: a decision sent again gets the same answer. Of a question also `<id>:kind`;
 * `<id>:expired`, the event of its end, and `<id>:content`, what a human filled in, until its call has ended; and
 * `<id>:digest`, by which that is known again.
 */
export const approvalsKey = (conversationId: string): string => ofStream(conversationId, "approvals");
/** String that outlives a deleted conversation. */
export const tombstoneKey = (conversationId: string): string => ofStream(conversationId, "deleted");
export const runKeyPrefix = (conversationId: string): string => ofStream(conversationId, "run:");
/** Hash: the run's record and, in fields `j:…`, its journal. `seq` is as of the last claim; of the active run it stands in meta. */
export const runKey = (conversationId: string, runId: string): string => `${runKeyPrefix(conversationId)}${runId}`;
/** Hash: call id -> state, and `<call id>:questions`, a JSON list of what a call that runs asks at this moment. */
export const callsKey = (conversationId: string): string => `{${resultsTopic(conversationId)}}:calls`;

/** String: the run's conversation. Written before the run exists; without the run it counts as unknown. */
export const runPointerKey = (runId: string): string => `run:${runId}`;
/** String with a time to live: the approval's conversation. Written before the approval exists, as a run's is. */
export const approvalPointerKey = (approvalId: string): string => `approval:${approvalId}`;
/** Sorted set: `<approval id> <conversation id>` of approvals that wait, by their expiry, unix ms. A hint: checked where it is used. */
export const WAITING_APPROVALS_KEY = "approvals";
/** Sorted set: conversation ids by creation time, unix ms. */
export const CONVERSATIONS_KEY = "conversations";

const OUTBOX_SHARDS = 16;
const UPKEEP_SHARDS = 16;
/** Sorted set: accepted turns whose queue entry is not confirmed, by time, unix ms. */
export const outboxKey = (conversationId: string): string =>
  `outbox:${Number.parseInt(conversationId.slice(0, 2), 16) % OUTBOX_SHARDS}`;
export const OUTBOX_KEYS: readonly string[] = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => `outbox:${shard}`);

/** Sorted set: conversations by their next visit of the upkeep, unix ms. */
export const upkeepKey = (conversationId: string): string =>
  `upkeep:${Number.parseInt(conversationId.slice(0, 2), 16) % UPKEEP_SHARDS}`;
export const UPKEEP_KEYS: readonly string[] = Array.from({ length: UPKEEP_SHARDS }, (_, shard) => `upkeep:${shard}`);

/** Set: topics that ever had a dead letter. */
export const DLQ_INDEX_KEY = "dlqs";
/** Hash: where each dead letter of a topic stands in `dlq:<topic>`, by `<source entry> <message id>`. */
export const lettersKey = (topic: string): string => `{${dlqTopic(topic)}}:letters`;
export const letterField = ({ id, source_id }: { readonly id: string; readonly source_id: string }): string =>
  `${source_id} ${id}`;

/** String with a time to live: the process `instance` is alive. */
export const aliveKey = (instance: string): string => `alive:${instance}`;
/** String with a time to live: how many runs the process has or is about to have. Stays as it is when the process dies. */
export const loadKey = (instance: string): string => `load:${instance}`;
/** Sorted set: instances of a role by their last beat, unix ms. */
export const presenceKey = (role: string): string => `presence:${role}`;
/** Hash with a time to live: what each tool-runner offers of a toolset. */
export const offersKey = (toolset: string): string => `offers:${toolset}`;
/** Hash with a time to live: how each tool-runner's server of a toolset fares, JSON. */
export const serversKey = (toolset: string): string => `servers:${toolset}`;
/** Set: names of toolsets that were ever offered. */
/** String with a time to live: the answer to a question about a conversation's files. */
export const fileAnswerKey = (questionId: string): string => `answer:${questionId}`;
export const CATALOG_INDEX_KEY = "catalogs";
/** Sorted set: `<conversation id> <run id>` of the agent's runs that have not ended, by time of accept. A hint: checked where it is used. */
export const unfinishedKey = (agent: string): string => `{control:${agent}}:unfinished`;
/**
 * Hash: state, command and by in force since `entry`; the newest `reload` and reload_by; what conversations were told of
 * (announced, reload_announced); telling_until, unix ms, while somebody tells them; seen, the last entry that was looked at.
 */
export const controlStateKey = (agent: string): string => `{control:${agent}}:state`;
