import { readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Redis } from "ioredis";
import { Turn } from "../chaos/director.ts";
import { workOf } from "../chaos/moments.ts";
import { Site } from "../chaos/site.ts";
import { Talk, workSteps } from "../chaos/talk.ts";
import { judge, lostOutcomes } from "../chaos/verdict.ts";

/**
 * Redis is there and does not serve, in each way that it can. Every service must say so while it lasts, and afterwards go on
 * by itself where it stood: nothing acknowledged is lost, nothing is shown twice, nothing has to be restarted.
 */
let site: Site;
let redis: Redis;
beforeAll(async () => {
  site = await Site.start({
    count: { gateway: 1, worker: 2, "tool-runner": 1 },
    wordMs: 40,
    isTroubled: true,
  });
  redis = new Redis(site.stack.redis.url);
}, 120_000);
const opened: Talk[] = [];
afterEach(() => Promise.all(opened.splice(0).map((talk) => talk.close())));
afterAll(async () => {
  redis.disconnect();
  await site.stop();
}, 60_000);

/** The longest that a service may take to see that something is wrong, or that it is over. */
const NOTICE_MS = 10_000;
const ENDED_MS = 40_000;

const services = () => (["gateway", "worker", "tool-runner"] as const).flatMap((app) => site.stack.members(app));

const readiness = (): Promise<number[]> =>
  Promise.all(services().map(async ({ adminUrl }) => (await fetch(`${adminUrl}/ready`)).status));

const all = (status: number) => async (): Promise<boolean> => (await readiness()).every((one) => one === status);

interface Trouble {
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
  /** What the services have to write into their logs. */
  readonly logged: RegExp;
}

/** Conversations in the middle of their words, and one in the middle of a call, go through the trouble; answers what is not as promised. */
async function problemsAfter(trouble: Trouble, atLeastMs: number): Promise<string[]> {
  const gatePath = site.file(`gate-${newUuid()}`);
  const talks = Array.from({ length: 4 }, (_, index) => {
    const [work, chat] = [newUuid(), newUuid()];
    const steps = index === 0 ? workSteps(work, [10, 30], { gatePath }) : workSteps(work, [50, 30]);
    return new Talk(site, index, [new Turn(work, steps), new Turn(chat, [{ words: 20, calls: [] }])], 1);
  });
  opened.push(...talks);
  const words = Promise.all(talks.map((talk) => workOf(talk).watch(0, 9)));
  for (const talk of talks) {
    await talk.open();
    for (const turn of talk.turns) await talk.send(turn);
  }
  await words;
  const [calling] = talks as [Talk];
  const isCalling = () => site.executionsFor(calling.id, workOf(calling).messageId).ledger > 0;
  await until(isCalling, { what: "the call has begun" });
  const logged = services().map(({ service }) => service.logs.length);

  const beganAtMs = performance.now();
  await trouble.begin();
  await until(all(503), { timeoutMs: NOTICE_MS, what: "every service says that it is not ready" });
  const late = newUuid();
  const refused = await fetch(`${site.gateways[0]}/v1/conversations/${talks[0]?.id}/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id: late, agent: "assistant", content: late }),
  });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect((await fetch(`${site.gateways[0]}/health`)).status).toBe(200);
  await until(() => performance.now() - beganAtMs > atLeastMs, { timeoutMs: atLeastMs + 1_000 });
  writeFileSync(gatePath, "");
  await trouble.end();

  await until(all(200), { timeoutMs: NOTICE_MS, what: "every service is ready again" });
  for (const [index, { app, service }] of services().entries()) {
    const lines = service.logs.slice(logged[index]).filter(({ level }) => level === "warn" || level === "error");
    if (!lines.some((line) => trouble.logged.test(JSON.stringify(line))))
      throw new Error(`the ${app} logged nothing about it: ${JSON.stringify(lines)}`);
  }
  const isEnded = () => talks.every((talk) => talk.hasEnded());
  await until(isEnded, { timeoutMs: ENDED_MS, what: "every run ends" });
  const problems = (await Promise.all(talks.map((talk) => judge(site, talk, { mayLoseOutcome: false })))).flat();
  return [...problems, ...talks.flatMap(lostOutcomes)];
}

describe("Redis is there and does not serve", () => {
  it("[trouble.partition] nothing comes through for 12 seconds, and the old connections never come back", async () => {
    const { network } = site.stack;
    const problems = await problemsAfter(
      {
        begin: async () => network?.cut(),
        end: async () => network?.heal(),
        logged: /imed out|timeout|Redis/i,
      },
      12_000,
    );
    expect(problems).toEqual([]);
  }, 120_000);

  it("[trouble.full] refuses every write, because its memory is used up", async () => {
    const problems = await problemsAfter(
      {
        begin: () => redis.config("SET", "maxmemory", "1"),
        end: () => redis.config("SET", "maxmemory", "0"),
        logged: /OOM/,
      },
      12_000,
    );
    expect(problems).toEqual([]);
  }, 120_000);

  it("[trouble.read-only] became a replica, and a primary again", async () => {
    const problems = await problemsAfter(
      {
        begin: () => redis.call("REPLICAOF", "127.0.0.1", "1"),
        end: () => redis.call("REPLICAOF", "NO", "ONE"),
        logged: /READONLY/,
      },
      3_000,
    );
    expect(problems).toEqual([]);
  }, 120_000);

  it("[trouble.lost-tail] was killed while its disk stood still, and comes back without the last of what it had acknowledged", async () => {
    const problems = await problemsAfter(
      {
        begin: async () => {
          // What is cut off is to be words alone: a call that began in it may be made again.
          const began = sizeOfLog();
          await until(() => sizeOfLog() > began + 2 * LOST_BYTES, { what: "more was said than is cut off" });
          await site.stack.redis.kill();
        },
        end: () => {
          cutOff(LOST_BYTES);
          return site.stack.redis.restart();
        },
        logged: /Redis/,
      },
      1_000,
    );
    expect(problems).toEqual([]);
    const resets = opened.flatMap(({ tails }) => tails).map(({ reader }) => reader.resets);
    expect(Math.max(...resets)).toBeGreaterThan(0);
  }, 120_000);
});

/** Some tokens of every conversation. */
const LOST_BYTES = 8_000;

/** Off the end of Redis's append-only file: with `everysec` a disk that takes long keeps up to two seconds from being written. */
function cutOff(bytes: number): void {
  truncateSync(logFile(), sizeOfLog() - bytes);
}

const sizeOfLog = (): number => statSync(logFile()).size;

function logFile(): string {
  const folder = join(site.stack.redis.dir, "appendonlydir");
  return join(folder, readdirSync(folder).find((one) => one.endsWith(".incr.aof")) ?? "");
}
