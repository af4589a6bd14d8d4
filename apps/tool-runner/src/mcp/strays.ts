import { setTimeout as delay } from "node:timers/promises";
import {
  descendantsOf,
  isStillRunning,
  processesMarked,
  processesOfDeadRunners,
  type FoundProcess,
} from "./server-mark.ts";

const POLL_MS = 20;
/** One that keeps making others is not chased for ever. */
const MOST_PASSES = 20;

/** What a server has started, wherever it has gone. Members of the server's own process group are among them. */
export class Strays {
  readonly #leader: number;
  readonly #mark: string;
  #found: readonly FoundProcess[] = [];

  constructor(leader: number, mark: string) {
    this.#leader = leader;
    this.#mark = mark;
  }

  /** Finds those that are there now. To be done while the server lives: afterwards its children are nobody's. */
  async look(): Promise<void> {
    const found = [...(await processesMarked(this.#mark)), ...(await descendantsOf(this.#leader))];
    const known = new Set(this.#found.map(({ pid, startTime }) => `${pid} ${startTime}`));
    this.#found = [...this.#found, ...found.filter(({ pid, startTime }) => !known.has(`${pid} ${startTime}`))];
  }

  async areRunning(): Promise<boolean> {
    return (await running(this.#found)).length > 0;
  }

  async areGoneWithin(limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (await this.areRunning()) {
      if (performance.now() >= deadline) return false;
      await delay(POLL_MS);
    }
    return true;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    send(await running(this.#found), signal);
  }

  /** Kills them, and what they have made meanwhile. */
  async end(): Promise<void> {
    for (let pass = 0; pass < MOST_PASSES; pass += 1) {
      await this.look();
      const left = await running(this.#found);
      if (left.length === 0) return;
      send(left, "SIGKILL");
      await delay(POLL_MS);
    }
  }
}

/** Kills what the servers of killed runners have left on this machine. Answers how many processes that were. */
export async function endStraysOfDeadRunners(): Promise<number> {
  const ended = new Set<number>();
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const left = await processesOfDeadRunners();
    if (left.length === 0) break;
    send(left, "SIGKILL");
    for (const { pid } of left) ended.add(pid);
    await delay(POLL_MS);
  }
  return ended.size;
}

async function running(found: readonly FoundProcess[]): Promise<FoundProcess[]> {
  const isRunning = await Promise.all(found.map(isStillRunning));
  return found.filter((_one, index) => isRunning[index]);
}

function send(processes: readonly FoundProcess[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // It was quicker.
    }
  }
}
