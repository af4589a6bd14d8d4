import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { type MessageEnvelope, newUuid, type StreamEvent, streamTopic } from "@holdfast/protocol";
import { startRedis, startRedisCluster } from "@holdfast/testing";
import { Cluster, Redis } from "ioredis";
import type { Bus, BusOptions } from "../ports/bus.ts";
import type { Accepted, NewMessage } from "../ports/conversations.ts";
import type { LogLine } from "../ports/entry.ts";
import type { RunEnding, RunLease } from "../ports/runs.ts";
import { createRedisBus } from "../redis-bus.ts";

export const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
export const COMPLETED: RunEnding = {
  status: "completed",
  usage: USAGE,
  output: { text: "hi", finish_reason: "stop" },
  history: [],
};

/** What the ports are held against. Behind Sentinels a client talks to one server, as to a single one. */
export const REDIS_KINDS = ["one server", "a Cluster"] as const;
export type RedisKind = (typeof REDIS_KINDS)[number];

/** A real Redis for a suite, with buses opened on it and closed after each test. */
export interface BusLab {
  readonly url: string;
  /** A connection of the test's own, to look behind the bus. */
  readonly raw: Redis;
  /** Every key there is, sorted. */
  keys(): Promise<string[]>;
  openBus(instance?: string, more?: Partial<BusOptions>): Bus;
  events(conversationId: string): Promise<StreamEvent[]>;
}

/** Call at the top of a suite. */
export function busLab(kind: RedisKind = "one server"): BusLab {
  let redis: { readonly url: string; stop(): Promise<void> };
  let raw: Redis;
  const open: Bus[] = [];
  beforeAll(async () => {
    redis = kind === "a Cluster" ? await startRedisCluster() : await startRedis();
    raw = rawConnection(redis.url);
  }, 60_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.close()));
  });
  afterAll(async () => {
    raw.disconnect();
    await redis.stop();
  });
  return {
    get url() {
      return redis.url;
    },
    get raw() {
      return raw;
    },
    async keys() {
      const servers = kind === "a Cluster" ? (raw as unknown as Cluster).nodes("master") : [raw];
      return (await Promise.all(servers.map((server) => server.keys("*")))).flat().toSorted();
    },
    openBus(instance, more) {
      const bus = createRedisBus({ url: redis.url, ...(instance ? { instance } : {}), ...more });
      open.push(bus);
      return bus;
    },
    async events(conversationId) {
      const entries = await raw.xrange(streamTopic(conversationId), "-", "+");
      return entries.map(([, fields]) => JSON.parse(fields[3] ?? "") as StreamEvent);
    },
  };
}

/** The commands that tests use are the same on both. */
function rawConnection(url: string): Redis {
  return url.includes(",") ? (new Cluster(url.split(",")) as unknown as Redis) : new Redis(url);
}

export function message(conversationId: string, content = "hello", more: Partial<NewMessage> = {}): NewMessage {
  const envelope: MessageEnvelope = {
    id: newUuid(),
    conversation_id: conversationId,
    sender: "user:ann",
    recipient: "agent:assistant",
    type: "message",
    content,
    metadata: {},
    created_at: new Date().toISOString(),
  };
  return { envelope, agent: "assistant", onBusy: "enqueue", trace: {}, ...more };
}

export async function claimed(bus: Bus, conversationId: string): Promise<RunLease> {
  const claim = await bus.runs.claim(conversationId, "assistant");
  if (claim.outcome !== "claimed") throw new Error(`claim was ${claim.outcome}`);
  return claim.lease;
}

export const runIdOf = (accepted: Accepted): string => ("runId" in accepted ? accepted.runId : "");

/** Appends `count` one-letter tokens of step 0. */
export function appendTokens(count: number, lease: RunLease, from = 0): void {
  for (let i = from; i < from + count; i += 1)
    lease.append({ event: "token", step: 0, index: i, offset: i, text: "x" });
}

/** Of the tokens among these lines, as `appendTokens` numbered them. */
export const indexesOf = (lines: readonly LogLine[]): number[] =>
  lines
    .map(({ payload }) => JSON.parse(payload) as { event: string; index: number })
    .filter(({ event }) => event === "token")
    .map(({ index }) => index);

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
