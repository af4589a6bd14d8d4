/**
 * What is measured, on which systems and at which sizes. A system takes part where it offers what the workload needs: a
 * proxy has no stored answers to catch up with, and nobody but Holdfast keeps a conversation.
 */
import type { ChatsJob, Work } from "../load/job.ts";
import type { SystemName } from "../systems/system.ts";

/** How large this time. */
export interface Size {
  readonly system: SystemName;
  readonly isQuick: boolean;
  /** A whole number of things, scaled, at least one. */
  readonly count: (things: number) => number;
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly systems: readonly SystemName[];
  readonly workers: number;
  readonly isQuick: boolean;
  /** So long that it is measured only where it is named. */
  readonly isOnRequest?: boolean;
  /** Part of the way through, a process that calls the model is killed. */
  readonly killAfterMs?: (size: Size) => number;
  readonly work: (size: Size) => Work | "cold start";
}

const EVERYBODY: readonly SystemName[] = ["direct", "naive", "bull", "holdfast"];
const SHARING: readonly SystemName[] = ["bull", "holdfast"];

/** Chats begin no faster than that many in a second, as users do. */
const BEGINNING_PER_SECOND = 250;
const GRACE_MS = 30_000;
const QUICK_GRACE_MS = 10_000;

function paced({ isQuick, count }: Size, atOnce: number, rate: number, seconds: number): ChatsJob {
  const chats = count(atOnce);
  const tokens = count(rate * (isQuick ? Math.ceil(seconds / 3) : seconds));
  const rampMs = Math.max(200, (chats / BEGINNING_PER_SECOND) * 1_000);
  return { kind: "chats", chats, rate, tokens, rampMs, graceMs: isQuick ? QUICK_GRACE_MS : GRACE_MS };
}

const crowd = (chats: number): Workload => ({
  id: `W2-${chats}`,
  title: `${chats} chats at 20 tokens/s`,
  systems: EVERYBODY,
  workers: 1,
  isQuick: chats === 200,
  work: (size) => paced(size, chats, 20, 10),
});

const crew = (workers: number): Workload => ({
  id: `workers-${workers}`,
  title: `500 chats at 20 tokens/s on ${workers} worker${workers === 1 ? "" : "s"}`,
  systems: SHARING,
  workers,
  isQuick: false,
  work: (size) => paced(size, 500, 20, 10),
});

/** Bull has a Redis connection per reader, and a proxy an answer under way: as many as that allows. */
const IDLE: Readonly<Partial<Record<SystemName, number>>> = { naive: 1_000, bull: 2_000, holdfast: 10_000 };

export const WORKLOADS: readonly Workload[] = [
  {
    id: "W1",
    title: "10 chats at 50 tokens/s",
    systems: EVERYBODY,
    workers: 1,
    isQuick: true,
    work: (size) => paced(size, 10, 50, 10),
  },
  ...[200, 500, 1_000].map(crowd),
  {
    id: "starts",
    title: "what an answer costs: 1500 chats of one token, 100 begin in a second",
    systems: ["naive", "bull", "holdfast"],
    workers: 1,
    isQuick: false,
    work: ({ count }) => {
      const chats = count(1_500);
      return { kind: "chats", chats, rate: 20, tokens: 1, rampMs: chats * 10, graceMs: GRACE_MS };
    },
  },
  {
    id: "W3",
    title: "burst: 50 chats, 2000 tokens each, unpaced",
    systems: EVERYBODY,
    workers: 1,
    isQuick: true,
    work: ({ count }) => {
      const [chats, tokens] = [count(50), count(2_000)];
      return { kind: "chats", chats, rate: 0, tokens, rampMs: 0, graceMs: 60_000 };
    },
  },
  {
    id: "idle",
    title: "idle connections",
    systems: ["naive", "bull", "holdfast"],
    workers: 1,
    isQuick: false,
    work: ({ system, isQuick, count }) => ({
      kind: "idle",
      connections: count(IDLE[system] ?? 1_000),
      hasRunBehind: system === "naive",
      settleMs: isQuick ? 1_000 : 5_000,
    }),
  },
  {
    id: "fan-out",
    title: "one conversation at 50 tokens/s, 500 readers",
    systems: SHARING,
    workers: 1,
    isQuick: false,
    work: ({ count }) => ({ kind: "fan-out", readers: count(500), rate: 50, tokens: count(500) }),
  },
  {
    id: "catch-up",
    title: "reading what is stored, 50 conversations of 2000 tokens at once",
    systems: SHARING,
    workers: 1,
    isQuick: false,
    work: ({ count }) => {
      const [conversations, tokens] = [count(50), count(2_000)];
      return { kind: "catch-up", conversations, rate: 50, tokens, passes: 10 };
    },
  },
  {
    id: "turns",
    title: "one conversation, its first turns and its 1000th",
    systems: ["holdfast"],
    workers: 1,
    isQuick: false,
    work: ({ count }) => {
      const [turns, window] = [count(1_000), count(50)];
      return { kind: "turns", turns, window, tokens: 100, fillerTokens: 10 };
    },
  },
  {
    id: "many",
    title: "200 chats beside no and beside 100,000 conversations",
    systems: ["holdfast"],
    workers: 1,
    isQuick: false,
    work: (size) => ({ kind: "many", conversations: size.count(100_000), chats: paced(size, 200, 20, 10) }),
  },
  ...[1, 2, 4].map(crew),
  {
    id: "kill",
    title: "SIGKILL of one process that calls the model, 20 chats at 20 tokens/s, two workers",
    systems: ["naive", "bull", "holdfast"],
    workers: 2,
    isQuick: true,
    killAfterMs: ({ isQuick }) => (isQuick ? 1_500 : 4_000),
    work: ({ isQuick, count }) => {
      const tokens = isQuick ? 80 : 300;
      // BullMQ's defaults need a minute to notice a death, which a quick run does not wait for.
      const graceMs = isQuick ? 8_000 : 100_000;
      return { kind: "chats", chats: count(20), rate: 20, tokens, rampMs: 500, keepsArrivals: true, graceMs };
    },
  },
  {
    id: "cold",
    title: "npm start to the first token, installed",
    systems: ["holdfast"],
    workers: 1,
    isQuick: false,
    work: () => "cold start",
  },
  {
    id: "soak",
    title: "250 chats at 20 tokens/s, one conversation after another for 20 minutes",
    systems: ["holdfast"],
    workers: 1,
    isQuick: false,
    isOnRequest: true,
    work: ({ count }) => {
      const [chats, seconds] = [count(250), count(1_200)];
      return { kind: "soak", chats, rate: 20, tokens: 200, seconds, graceMs: GRACE_MS };
    },
  },
];
