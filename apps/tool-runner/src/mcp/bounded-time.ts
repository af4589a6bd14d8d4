import { createContext, Script } from "node:vm";

/*
 * A server chooses the schema and what is judged by it, so it can choose a pattern that takes hours, and everybody else's
 * calls would wait behind it. Such work gets a bounded time of this thread's processor; the clock alone would also strike
 * where the machine had none to give.
 */
const LIMIT_MS = 500;
/** Tries that the machine, not the work, used up. */
const MOST_TRIES = 20;

const context = createContext({ work: undefined as unknown });
const script = new Script("work()");

/** Thrown where the work was given up. */
export class TookTooLong extends Error {
  override readonly name = "TookTooLong";
}

/**
 * What `work` answers or throws; a TookTooLong once it has used its time. `work` may be begun more than once, and cut off
 * anywhere, so it must not change anything that is used after it.
 */
export function inBoundedTime<T>(work: () => T, limitMs = LIMIT_MS): T {
  for (let tries = 1; ; tries += 1) {
    const before = process.threadCpuUsage();
    try {
      context["work"] = work;
      return script.runInContext(context, { timeout: limitMs }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      const { user, system } = process.threadCpuUsage(before);
      if ((user + system) / 1000 > limitMs / 2 || tries >= MOST_TRIES) {
        throw new TookTooLong(`it takes longer than ${limitMs} ms to judge`, { cause: error });
      }
    } finally {
      context["work"] = undefined;
    }
  }
}
