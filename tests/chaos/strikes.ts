import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "@holdfast/testing";
import type { App, Member } from "../e2e/stack.ts";
import type { Role } from "./cells.ts";
import { type Scene, workOf } from "./moments.ts";
import type { Site } from "./site.ts";

export interface Strike {
  /** For people: who was hit. */
  readonly victim: string;
  /** performance.now() of the blow. */
  readonly atMs: number;
  /** What an orchestrator does next: starts again what died, wakes what slept. Resolves when all of it serves. */
  heal(): Promise<void>;
}

/** Finds the victim. Apart from the blow, because looking takes longer than some moments last. */
export type Blow = () => Strike | Promise<Strike>;
type Aim = (scene: Scene) => Promise<Blow>;

const TAKEN_MS = 15_000;

export const aims: Record<Role, Aim> = {
  gateway: (scene) => Promise.resolve(() => killMember(scene.site, gatewayOf(scene), restartMsOf(scene))),
  worker: async (scene) => {
    const owner = await ownerOf(scene);
    return () => killMember(scene.site, owner, restartMsOf(scene));
  },
  "tool-runner": async (scene) => {
    const runner = await runnerOf(scene);
    return () => killMember(scene.site, runner, restartMsOf(scene));
  },
  "mcp-server": async (scene) => {
    const pid = scene.site.ledgerServerOf(await runnerOf(scene));
    return () => killPid(pid);
  },
  redis: (scene) => Promise.resolve(() => killRedis(scene.site, scene.random.between(100, 900))),
  zombie: async (scene) => {
    const owner = await ownerOf(scene);
    return () => stop(scene, owner);
  },
  pubsub: (scene) =>
    Promise.resolve(async () => {
      const atMs = performance.now();
      const dropped = await scene.site.eyes.dropPubSub();
      return { victim: `${dropped} subscribers`, atMs, heal: () => Promise.resolve() };
    }),
};

function gatewayOf({ site, focus, acceptor }: Scene): Member {
  if (acceptor) return acceptor;
  const url = focus.tails[0]?.gateway;
  return known(site.stack.members("gateway").find((one) => one.url === url));
}

/** Whoever owns the run; before anybody does, one of them. */
async function ownerOf({ site, focus, random, acceptor }: Scene): Promise<Member> {
  if (acceptor?.app === "worker") return acceptor;
  const owner = await site.eyes.ownerOf(focus.id);
  return site.member("worker", owner) ?? random.pick(site.stack.members("worker"));
}

/** Whoever has the focus's call in hand, or any call; where nobody has one, one of them. */
async function runnerOf({ site, focus, random }: Scene): Promise<Member> {
  const consumers = await site.eyes.consumersOf("tools:ledger", "tool-runners");
  const { messageId } = workOf(focus);
  const entries = await site.eyes.entries("tools:ledger");
  const entryId = entries.find(([, payload]) => payload.includes(messageId))?.[0] ?? "";
  const holder = [...consumers].find(([, entryIds]) => entryIds.includes(entryId))?.[0] ?? [...consumers.keys()][0];
  return site.member("tool-runner", holder) ?? random.pick(site.stack.members("tool-runner"));
}

const restartMsOf = ({ random }: Scene): number => random.between(200, 1_500);

export function killMember(site: Site, member: Member, restartMs: number): Strike {
  const { pid } = member.service;
  member.service.kill("SIGKILL");
  return {
    victim: `${member.app} ${pid}`,
    atMs: performance.now(),
    async heal() {
      await delay(restartMs);
      await site.stack.revive(member);
    },
  };
}

/** The blow has fallen when the process's pipes are closed: until then a call could still be written into one that is dying. */
export async function killPid(pid: number | undefined): Promise<Strike> {
  if (pid === undefined) throw new Error("no ledger server is known");
  process.kill(pid, "SIGKILL");
  const atMs = performance.now();
  await until(() => hasClosedItsPipes(pid), { timeoutMs: 5_000, intervalMs: 1, what: "the killed server is gone" });
  return { victim: `ledger server ${pid}`, atMs, heal: () => Promise.resolve() };
}

/**
 * A process that nobody has reaped yet is a zombie. Its first thread is one as soon as that has ended, while others still hold
 * the pipes: what is written into them then was sent, as far as anybody can know.
 */
function hasClosedItsPipes(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z") && readdirSync(`/proc/${pid}/task`).length === 1;
  } catch {
    return true;
  }
}

export async function killRedis(site: Site, awayMs: number): Promise<Strike> {
  const { redis } = site.stack;
  const { pid } = redis;
  const atMs = performance.now();
  await redis.kill("SIGKILL");
  return {
    victim: `redis ${pid}`,
    atMs,
    async heal() {
      await delay(awayMs);
      await site.startRedisAgain();
    },
  };
}

/** The zombie wakes up when somebody else speaks in its place, and tries to go on where it was. */
function stop(scene: Scene, member: Member): Strike {
  const { site, focus } = scene;
  member.service.kill("SIGSTOP");
  const atMs = performance.now();
  const isReplaced = async (): Promise<boolean> => {
    const hasSpoken = focus.tails.some(({ movedAtMs }) => (movedAtMs.at(-1) ?? 0) > atMs + 1_000);
    return focus.hasEnded() || ((await site.eyes.ownerOf(focus.id)) !== member.instance && hasSpoken);
  };
  return {
    victim: `worker ${member.service.pid} (stopped)`,
    atMs,
    async heal() {
      // Never replaced: it is woken all the same, and the round shows what that means.
      await until(isReplaced, { timeoutMs: TAKEN_MS }).catch(() => undefined);
      member.service.kill("SIGCONT");
    },
  };
}

function known(member: Member | undefined, app: App = "gateway"): Member {
  if (!member) throw new Error(`no ${app} stands where one was expected`);
  return member;
}
