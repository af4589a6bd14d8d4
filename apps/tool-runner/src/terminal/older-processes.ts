/**
 * Which processes are older than a call: those it must not signal where it can see them. The kernel counts process ids up, so
 * all that exist have a number up to the one given last, and what the call starts gets higher ones. Once it has come to the
 * greatest number it begins anew; from then on those that are left above are named one by one, or, where they are too many,
 * all numbers are protected, and a call cannot signal even what it has started.
 */
import { readdirSync, readFileSync } from "node:fs";

export interface OlderProcesses {
  readonly upTo: number;
  /** Besides, above it. */
  readonly others: readonly number[];
}

/** A seccomp program gets an instruction for each. */
const MOST_OTHERS = 64;
export const EVERY_PROCESS = 0x7fff_ffff;

export class ProcessCounter {
  readonly #proc: string;
  #highest = 0;
  #hasBegunAnew: boolean | undefined;

  constructor(proc = "/proc") {
    this.#proc = proc;
  }

  /** A signal to a thread's number reaches its process, so threads count as processes. */
  get older(): OlderProcesses {
    const upTo = this.#lastGiven();
    if (upTo === undefined) return { upTo: EVERY_PROCESS, others: [] };
    this.#hasBegunAnew ??= this.#above(upTo).length > 0;
    this.#hasBegunAnew ||= upTo < this.#highest;
    this.#highest = upTo;
    if (!this.#hasBegunAnew) return { upTo, others: [] };
    const others = this.#above(upTo);
    return others.length > MOST_OTHERS ? { upTo: EVERY_PROCESS, others: [] } : { upTo, others };
  }

  /** The last field of loadavg, for this namespace. */
  #lastGiven(): number | undefined {
    const last = Number(readFileSync(`${this.#proc}/loadavg`, "utf8").trim().split(" ").at(-1));
    return Number.isInteger(last) && last > 0 ? last : undefined;
  }

  #above(upTo: number): number[] {
    const pids = readdirSync(this.#proc).filter((name) => /^\d+$/.test(name));
    return pids.flatMap((pid) => this.#tasksOf(pid)).filter((task) => task > upTo);
  }

  #tasksOf(pid: string): number[] {
    try {
      return readdirSync(`${this.#proc}/${pid}/task`).map(Number);
    } catch {
      // Ended meanwhile.
      return [];
    }
  }
}
