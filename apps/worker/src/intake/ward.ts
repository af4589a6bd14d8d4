/**
 * Who may run beside whom after deaths: a message that kills its worker must not take its neighbours along each time, and
 * to be found guilty it must have been alone.
 *
 * - A run whose owners died is a suspect. The more of them died, the fewer suspects begin together; at last one begins
 *   alone, and nobody else begins meanwhile. What ran before stays: it has shown that it can.
 * - A suspect is set apart until it has shown something or ended, or for `isolationMs`: what kills at once is found out by then.
 * - Nobody waits for long. After `patienceMs` a run begins in company, though never beside one that is to be alone: it waits
 *   until that is shown, and is let in before the next of those. So it has begun within `patienceMs + isolationMs`.
 * - One that is to be alone begins after `patienceMs` beside what runs, but beside no other suspect. A worker that takes over
 *   many of those at once tries them one by one at first, then eight at a time. How long it tries them singly doubles with
 *   each death, up to the time that eight may take; and the most suspect come first. So eight that died together are each
 *   alone in a later worker, where the guilty one dies by itself.
 */
export interface Stay {
  /** The run is over, or was not to be had. */
  leave(): void;
  /** The run goes well: it need not be set apart any more. */
  prove(): void;
}

interface Waiter {
  readonly deaths: number;
  readonly admit: (stay: Stay) => void;
  /** How many suspects may begin together with it. */
  together: number;
  isImpatient: boolean;
  /** Set when it could not begin at once. */
  patience: readonly NodeJS.Timeout[];
}

/** Suspects that begin together, by the deaths of their owners. One death is often an accident, and shared by many. */
const TOGETHER = [Number.POSITIVE_INFINITY, 64, 8];
const togetherOf = (deaths: number): number => TOGETHER[deaths] ?? 1;
const isToBeAlone = ({ deaths }: Waiter): boolean => deaths >= TOGETHER.length;
/** Of those that were to be alone, when there are too many of them. */
const TOGETHER_AT_LAST = 8;
const TIMES = { isolationMs: 2_000, patienceMs: 2_000 };

export class Ward {
  #running = 0;
  /** How many may begin together with each suspect that began less than isolationMs ago. */
  readonly #isolated: number[] = [];
  #waiting: Waiter[] = [];
  readonly #times: typeof TIMES;

  constructor(times = TIMES) {
    this.#times = times;
  }

  /** Resolves when a run with so many deaths may begin here, at once for almost all; undefined when `signal` aborts first. */
  enter(deaths: number, signal: AbortSignal): Promise<Stay | undefined> {
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#remove(waiter);
        resolve(undefined);
        this.#admit();
      };
      const admit = (stay: Stay): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(stay);
      };
      const waiter: Waiter = { deaths, admit, together: togetherOf(deaths), isImpatient: false, patience: [] };
      if (signal.aborted) return resolve(undefined);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#admit();
      if (this.#waiting.includes(waiter)) waiter.patience = this.#losePatience(waiter);
    });
  }

  #losePatience(waiter: Waiter): NodeJS.Timeout[] {
    const { isolationMs, patienceMs } = this.#times;
    const after = (ms: number, change: Partial<Waiter>): NodeJS.Timeout =>
      setTimeout(() => {
        Object.assign(waiter, change);
        this.#admit();
      }, ms).unref();
    if (!isToBeAlone(waiter)) return [after(patienceMs, { isImpatient: true })];
    const doubledMs = patienceMs * 2 ** (waiter.deaths - TOGETHER.length);
    const longestMs = Math.max(patienceMs, isolationMs * TOGETHER_AT_LAST);
    // In this order: where both end together it is not to begin alone.
    const inCompany = after(Math.min(doubledMs, longestMs), { together: TOGETHER_AT_LAST });
    return [inCompany, after(patienceMs, { isImpatient: true })];
  }

  #remove(waiter: Waiter): void {
    for (const timer of waiter.patience) clearTimeout(timer);
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
  }

  #admit(): void {
    let isNextAlone = false;
    for (const waiter of this.#waiting.toSorted(byTurn)) {
      const isHeldUp = isNextAlone && isToBeAlone(waiter);
      if (!isHeldUp && this.#mayBegin(waiter)) {
        this.#remove(waiter);
        waiter.admit(this.#begin(waiter));
      } else if (isToBeAlone(waiter)) {
        // It waits for an empty worker: whoever begins meanwhile would only keep it busy.
        if (!waiter.isImpatient) return;
        // It waits until no suspect is set apart: those who are less suspect would take each other's places for ever.
        isNextAlone = true;
      }
    }
  }

  #mayBegin(waiter: Waiter): boolean {
    const { deaths, together, isImpatient } = waiter;
    if (deaths === 0 || (isImpatient && !isToBeAlone(waiter))) return !this.#isolated.includes(1);
    if (together === 1) return this.#isolated.length === 0 && (this.#running === 0 || isImpatient);
    return this.#isolated.length < Math.min(together, ...this.#isolated);
  }

  #begin({ deaths, together }: Waiter): Stay {
    this.#running += 1;
    const isSuspect = deaths > 0;
    if (isSuspect) this.#isolated.push(together);
    let isIsolated = isSuspect;
    const endIsolation = (): void => {
      if (!isIsolated) return;
      isIsolated = false;
      this.#isolated.splice(this.#isolated.indexOf(together), 1);
    };
    const lapse = isSuspect
      ? setTimeout(() => {
          endIsolation();
          this.#admit();
        }, this.#times.isolationMs).unref()
      : undefined;
    let isHere = true;
    return {
      prove: () => {
        clearTimeout(lapse);
        endIsolation();
        this.#admit();
      },
      leave: () => {
        if (!isHere) return;
        isHere = false;
        clearTimeout(lapse);
        endIsolation();
        this.#running -= 1;
        this.#admit();
      },
    };
  }
}

/** Who lost patience goes first, those before others who need not be alone; among equals the most suspect. */
function byTurn(one: Waiter, other: Waiter): number {
  return turnOf(one) - turnOf(other) || other.deaths - one.deaths;
}

function turnOf(waiter: Waiter): number {
  if (!waiter.isImpatient) return 2;
  return isToBeAlone(waiter) ? 1 : 0;
}
