import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  type ConversationState,
  emptyConversation,
  type Frame,
  HoldfastClient,
  newId,
  reduce,
  runsOf,
} from "@holdfast/client";
import { startRedisCluster, startRedisSentinels, type TestRedis, until } from "@holdfast/testing";
import { Stack } from "../e2e/stack.ts";

/** The whole path on a Redis that fails over: its primary is killed in the middle of an answer. */

interface Site {
  readonly url: string;
  readonly servers: readonly TestRedis[];
  primaryOf(key: string): Promise<TestRedis>;
  stop(): Promise<void>;
}

const SITES: Readonly<Record<string, () => Promise<Site>>> = {
  "a Cluster": startRedisCluster,
  Sentinels: async () => {
    const { primary, ...rest } = await startRedisSentinels();
    return { ...rest, primaryOf: primary };
  },
};

const READ_MS = 60_000;
const wordsOf = (name: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${name}${n} `);

interface Reading {
  readonly frames: Frame[];
  state(): ConversationState;
  done: Promise<void>;
}

const shown = (state: ConversationState): string => runsOf(state).at(-1)?.steps.at(-1)?.text ?? "";

describe.each(Object.entries(SITES))("on %s", (_name, startSite) => {
  let redis: Site;
  let stack: Stack;
  let client: HoldfastClient;
  beforeAll(async () => {
    redis = await startSite();
    stack = await Stack.start({ env: { REDIS_URL: redis.url } });
    client = new HoldfastClient({ baseUrl: stack.url });
    await until(
      async () => (await client.tools()).data.find(({ toolset }) => toolset === "terminal")?.state === "ready",
      {
        timeoutMs: READ_MS,
      },
    );
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await redis?.stop();
  }, 60_000);

  /** Sends again as a client does that got no answer. */
  const ask = (conversationId: string, content: string, id = newId()) =>
    until(() => client.send(conversationId, { id, agent: "assistant", content }), {
      timeoutMs: READ_MS,
      intervalMs: 200,
    });

  /** Reads a run to its end, whatever happens to connections meanwhile. */
  function read(conversationId: string, runId: string): Reading {
    const frames: Frame[] = [];
    let state = emptyConversation;
    const done = client.follow(conversationId, {
      runId,
      onFrame: (frame) => {
        frames.push(frame);
        state = reduce(state, frame);
      },
    });
    return { frames, state: () => state, done: done.then(() => undefined) };
  }

  it("[failover.answer] answers with tools, and exactly once through the loss of the primary", async () => {
    const conversationId = newId();
    stack.model.enqueue(
      ["Let me see.", { toolCall: { name: "terminal__run", arguments: '{"argv":["echo","from the terminal"]}' } }],
      "It answered.",
    );
    const first = await ask(conversationId, "Use your tools");
    const before = read(conversationId, first.run_id);
    await before.done;
    expect(shown(before.state())).toBe("It answered.");
    const told = stack.model.requests.at(-1)?.request.messages.find(({ role }) => role === "tool");
    expect(told?.text).toContain("from the terminal");

    stack.model.enqueue({ pieces: wordsOf("word", 150), delayMs: 30 });
    const second = await ask(conversationId, "Count");
    const reading = read(conversationId, second.run_id);
    await until(() => shown(reading.state()).includes("word20 "), { timeoutMs: READ_MS });
    const killedAtMs = performance.now();
    await (await redis.primaryOf(`stream:${conversationId}`)).kill();
    await reading.done;
    expect(performance.now() - killedAtMs).toBeLessThan(READ_MS);
    const output = reading.frames.map(({ event }) => event).findLast((event) => event.event === "output");
    expect(shown(reading.state())).toBe(wordsOf("word", 150).join(""));
    expect(output).toMatchObject({ run_id: second.run_id, text: shown(reading.state()) });
    // Readers were told that a number may have been lost.
    expect(reading.frames.map(({ event }) => event.event)).toContain("reset");

    stack.model.enqueue("Still here.");
    const third = await ask(conversationId, "Are you there?");
    const after = read(conversationId, third.run_id);
    await after.done;
    expect(shown(after.state())).toBe("Still here.");
    const ends = after.frames.map(({ event }) => event).filter((event) => event.event === "run");
    const ended = ends.filter((event) => "status" in event && event.status === "completed");
    expect(ended.map((event) => "run_id" in event && event.run_id)).toEqual(
      [first, second, third].map((run) => run.run_id),
    );
    const { active_run, messages } = await client.snapshot(conversationId);
    expect(active_run).toBeNull();
    expect(messages.filter(({ role }) => role === "user")).toHaveLength(3);
  }, 180_000);
});
