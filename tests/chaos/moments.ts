import { writeFileSync } from "node:fs";
import type { Gate } from "@holdfast/testing";
import { until } from "@holdfast/testing";
import type { Member } from "../e2e/stack.ts";
import type { MomentName } from "./cells.ts";
import type { Turn } from "./director.ts";
import { portsOf } from "./ports.ts";
import type { Random } from "./random.ts";
import { watchCommands } from "./redis-monitor.ts";
import type { Site } from "./site.ts";
import type { Talk } from "./talk.ts";

/** What a round of a cell consists of. Every talk's first turn works with tools, its second only speaks. */
export interface Scene {
  readonly site: Site;
  readonly random: Random;
  readonly talks: readonly Talk[];
  /** The conversation that decides when to strike and whom. */
  readonly focus: Talk;
  /** Which step of the first turn is interrupted, where the moment leaves it open. */
  readonly step: 0 | 1;
  /** The tool calls last until this file exists; empty where they do not wait. */
  readonly gatePath: string;
  /** Messages enter by a bare XADD instead of by a gateway. */
  readonly isByHand: boolean;
  /** What a call wants to know may be over before it is answered: whoever asked was killed. */
  readonly mayExpire: boolean;
  /** Who was seen accepting the focus's message. */
  acceptor?: Member | undefined;
}

/**
 * A moment is reached by conditions that can be seen (where the model stands, what a tool has done, a command that Redis
 * was sent), never by waiting a while.
 */
interface Moment {
  /** Sends what is to be sent, and resolves at the instant. `aim` is called shortly before, as late as there is time for it. */
  reach(scene: Scene, aim: () => Promise<void>): Promise<void>;
  /** Lets go what was held, after the strike. */
  release(scene: Scene): void;
}

const SEEN_MS = 30_000;

/** What goes on by itself while the strike interrupts it: messages that are sent, decisions that are made. */
const sending = new WeakMap<Scene, Promise<void>>();

export const moments: Record<MomentName, Moment> = {
  accept: { reach: reachAccept, release: () => undefined },
  "first-token": {
    async reach(scene, aim) {
      const held = hold(scene, scene.step, 0);
      await sendAll(scene);
      await allReached(held);
      await aim();
    },
    release: releaseModels,
  },
  "mid-tokens": {
    async reach(scene, aim) {
      // All conversations speak before one is hit, and go on speaking while it is hit.
      const held = hold(scene, scene.step, 3);
      const word = workOf(scene.focus).watch(scene.step, scene.random.between(5, 40));
      await sendAll(scene);
      await allReached(held);
      await aim();
      for (const gate of held) gate.open();
      await inTime(word, "the word is said");
    },
    release: () => undefined,
  },
  "before-tool": { reach: reachBeforeTool, release: wakeToolRunners },
  "during-tool": {
    async reach(scene, aim) {
      await sendAll(scene);
      const hasBooked = (talk: Talk) => scene.site.executionsFor(talk.id, workOf(talk).messageId).ledger > 0;
      await until(() => scene.talks.every(hasBooked), {
        timeoutMs: SEEN_MS,
        what: "every tool call has had its effect",
      });
      await aim();
    },
    release: ({ gatePath }) => writeFileSync(gatePath, ""),
  },
  approval: {
    async reach(scene, aim) {
      await sendAll(scene);
      const waits = (talk: Talk): boolean =>
        talk.tails.every(({ reader }) => reader.runOf(workOf(talk).messageId)?.status === "requires_action");
      await until(() => scene.talks.every(waits), { timeoutMs: SEEN_MS, what: "every run waits for a human" });
      await aim();
    },
    release(scene) {
      // Tried until it is heard: whoever is to hear it may have been killed just now.
      begin(
        scene,
        scene.talks.map((talk) => talk.approveAll()),
      );
    },
  },
  question: {
    reach: reachQuestion,
    release: (scene) => void (sending.has(scene) || begin(scene, [fillIn(scene)])),
  },
  "before-end": {
    async reach(scene, aim) {
      const held = hold(scene, 1, "end");
      await sendAll(scene);
      await allReached(held);
      const { director } = scene.site;
      const showsAll = (talk: Talk): boolean =>
        talk.tails.every(({ reader }) => {
          const { messageId } = workOf(talk);
          const shown = reader.runOf(messageId)?.steps[1]?.text ?? "";
          return director.isSample(messageId, 1, shown);
        });
      await until(() => scene.talks.every(showsAll), { timeoutMs: SEEN_MS, what: "every word is shown" });
      await aim();
      // Half of the time the finish is on its way when the strike comes.
      if (scene.random.chance(0.5)) releaseModels(scene);
    },
    release: releaseModels,
  },
};

export function workOf(talk: Talk): Turn {
  const [work] = talk.turns;
  if (!work) throw new Error("a talk has turns");
  return work;
}

async function sendAll({ talks, isByHand }: Scene): Promise<void> {
  await Promise.all(
    talks.map(async (talk) => {
      const [work, ...others] = talk.turns;
      if (!work) return;
      if (isByHand) {
        await talk.addByHand(work);
        // A turn by hand has its place in the order when a worker has accepted it.
        await until(() => talk.tails.some(({ reader }) => reader.messages.includes(work.messageId)), {
          timeoutMs: SEEN_MS,
          what: "the message by hand is accepted",
        });
      } else await talk.send(work);
      for (const turn of others) await talk.send(turn);
    }),
  );
}

function hold({ talks }: Scene, step: number, place: number | "end"): Gate[] {
  return talks.map((talk) => workOf(talk).holdAt(step, place));
}

async function allReached(gates: readonly Gate[]): Promise<void> {
  await inTime(Promise.all(gates.map((gate) => gate.reached)), "every model call is where it is held");
}

function releaseModels({ talks }: Scene): void {
  for (const talk of talks) for (const turn of talk.turns) turn.release();
}

/** The calls ask. In a third of the rounds each, nobody answers before the strike, everybody is just answering, or the focus is answered. */
async function reachQuestion(scene: Scene, aim: () => Promise<void>): Promise<void> {
  const { talks, focus, random } = scene;
  await sendAll(scene);
  await untilQuestion(talks, (status) => status !== undefined);
  await aim();
  const answers = random.pick(["afterwards", "now", "before"] as const);
  if (answers === "afterwards") return;
  begin(
    scene,
    talks.map((talk) => talk.fillIn(scene.mayExpire)),
  );
  if (answers === "before") await untilQuestion([focus], (status) => status !== "requested");
}

/** Half of the time the human of a call that was lost is not quick enough, and finds the question over. */
async function fillIn({ talks, focus, mayExpire, random }: Scene): Promise<void> {
  if (mayExpire && random.chance(0.5)) await untilQuestion([focus], (status) => status !== "requested");
  await Promise.all(talks.map((talk) => talk.fillIn(mayExpire)));
}

/** `is` judges what every reader of the talks sees of what their calls want to know; undefined where they do not ask yet. */
function untilQuestion(talks: readonly Talk[], is: (status: string | undefined) => boolean): Promise<unknown> {
  const statusOf = (talk: Talk) =>
    talk.tails.map(({ reader }) => reader.runOf(workOf(talk).messageId)?.asked[0]?.status);
  return until(() => talks.flatMap(statusOf).every(is), {
    timeoutMs: SEEN_MS,
    intervalMs: 1,
    what: "the questions are so far",
  });
}

/** What fails is told when the round asks for it. */
function begin(scene: Scene, tasks: readonly Promise<void>[]): void {
  const all = Promise.all(tasks).then(() => undefined);
  all.catch(() => undefined);
  sending.set(scene, all);
}

/** Resolves when every message of the scene was accepted, and every question decided. */
export function whenSent(scene: Scene): Promise<void> {
  return sending.get(scene) ?? Promise.resolve();
}

async function reachAccept(scene: Scene): Promise<void> {
  const { id } = scene.focus;
  const { messageId } = workOf(scene.focus);
  const noted = (words: readonly string[]) => is(words, "zadd", "outbox:") && mentions(words, id);
  const accepting = (words: readonly string[]) => is(words, "eval") && words.includes(`{stream:${id}}:messages`);
  const queued = (words: readonly string[]) => is(words, "xadd", "chat:assistant") && words.includes(messageId);
  const matches = scene.random.pick(scene.isByHand ? [noted, accepting] : [noted, accepting, queued]);
  const watch = await watchCommands(scene.site.stack.redis.port, matches);
  const memberOf = portsOf(scene.site.stack.members(scene.isByHand ? "worker" : "gateway"));
  begin(scene, [sendAll(scene)]);
  await inTime(
    watch.seen.then((port) => {
      scene.acceptor = memberOf.get(port);
    }),
    "the message is being accepted",
  );
  watch.end();
}

/**
 * Two moments in one: the step has just become durable, or its calls are queued and nobody has begun them. Stopped
 * tool-runners hold that open; those that survive the strike go on.
 */
async function reachBeforeTool(scene: Scene, aim: () => Promise<void>): Promise<void> {
  const { site, focus, talks, random } = scene;
  const held = hold(scene, 0, "end");
  await sendAll(scene);
  await allReached(held);
  await aim();
  for (const runner of site.stack.members("tool-runner")) runner.service.kill("SIGSTOP");
  if (random.chance(0.5)) {
    releaseModels(scene);
    const areQueued = async () => (await site.eyes.length("tools:ledger")) >= talks.length;
    return void (await until(areQueued, { timeoutMs: SEEN_MS, what: "every call is queued" }));
  }
  const isStep = (words: readonly string[]) =>
    is(words, "eval") && words.includes(`stream:${focus.id}`) && mentions(words, '"event":"step"');
  const watch = await watchCommands(site.stack.redis.port, isStep);
  releaseModels(scene);
  await inTime(watch.seen, "the step is durable");
  watch.end();
}

function wakeToolRunners({ site }: Scene): void {
  for (const runner of site.stack.members("tool-runner")) runner.service.kill("SIGCONT");
}

const is = (words: readonly string[], command: string, key = ""): boolean =>
  (words[0] ?? "").toLowerCase().startsWith(command) && (words[1] ?? "").startsWith(key);

const mentions = (words: readonly string[], text: string): boolean => words.some((word) => word.includes(text));

async function inTime(awaited: Promise<unknown>, what: string): Promise<void> {
  let isDone = false;
  void awaited.then(() => {
    isDone = true;
  });
  await until(() => isDone, { timeoutMs: SEEN_MS, intervalMs: 1, what });
}
