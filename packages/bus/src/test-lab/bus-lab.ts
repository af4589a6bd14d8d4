import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { type MessageEnvelope, newUuid, type StreamEvent, streamTopic } from "@holdfast/protocol";
import { startRedis, type TestRedis } from "@holdfast/testing";
import { Redis } from "ioredis";
import type { Bus, BusOptions } from "../ports/bus.ts";
import type { Accepted, NewMessage } from "../ports/conversations.ts";
import type { RunEnding, RunLease } from "../ports/runs.ts";
import { createRedisBus } from "../redis-bus.ts";

export const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
export const COMPLETED: RunEnding = {
  status: "completed",
  usage: USAGE,
  output: { text: "hi", finish_reason: "stop" },
  history: [],
};

/** A real Redis for a suite, with buses opened on it and closed after each test. */
export interface BusLab {
  /** A connection of the test's own, to look behind the bus. */
  readonly raw: Redis;
  openBus(instance?: string, more?: Partial<BusOptions>): Bus;
  events(conversationId: string): Promise<StreamEvent[]>;
}

/** Call at the top of a suite. */
export function busLab(): BusLab {
  let redis: TestRedis;
  let raw: Redis;
  const open: Bus[] = [];
  beforeAll(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.close()));
  });
  afterAll(async () => {
    raw.disconnect();
    await redis.stop();
  });
  return {
    get raw() {
      return raw;
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
