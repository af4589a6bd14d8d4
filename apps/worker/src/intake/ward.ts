/**
 * Who may run beside whom after deaths: a message that kills its worker must not take its neighbours along each time, and
 * to be found guilty it must have been alone.
 *
 * - A run whose owners died is a suspect. It begins with few beside it that are suspect too; one that did so twice begins
 *   alone, and nobody else begins meanwhile. What ran before stays: it has shown that it can.
 * - Being alone lasts until the run has ended, or for `isolationMs`: what kills at once is found out by then.
 * - Nobody waits for ever: one that should begin alone waits for an empty worker, first in line, and begins in company
 *   after `patienceMs`.
 */
export interface Stay {
  /** The run is over, or was not to be had. */
  leave(): void;
}

interface Waiter {
  readonly deaths: number;
  readonly admit: (stay: Stay) => void;
  /** Set while it is the first that wants to be alone. */
  patience: NodeJS.Timeout | undefined;
  isImpatient: boolean;
}

/** What is counted against the dead owners of a run from which on it begins alone. */
const ALONE_FROM = 2;
const MOST_SUSPECTS = 16;
const TIMES = { isolationMs: 3_000, patienceMs: 5_000 };

export class Ward {
  #running = 0;
  /** Suspects that began less than isolationMs ago, and those of them that began alone. */
  #isolated = 0;
  #alone = 0;
  #waiting: Waiter[] = [];
  readonly #times: typeof TIMES;

  constructor(times = TIMES) {
    this.#times = times;
  }

  /** Resolves when a run with so many deaths may begin here, at once for almost all; undefined when `signal` aborts first. */
  enter(deaths: number, signal: AbortSignal): Promise<Stay | undefined> {
    return new Promise((resolve) => {
      const onAbort = (): void => {
        clearTimeout(waiter.patience);
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        resolve(undefined);
        this.#admit();
      };
      const admit = (stay: Stay): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(stay);
      };
      const waiter: Waiter = { deaths, admit, patience: undefined, isImpatient: false };
      if (signal.aborted) return resolve(undefined);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#admit();
    });
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#mayBegin(waiter)) {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        clearTimeout(waiter.patience);
        waiter.admit(this.#begin(waiter.deaths));
      } else if (waiter.deaths >= ALONE_FROM) {
        // It is waited for: whoever came later would only keep the worker busy.
        waiter.patience ??= setTimeout(() => {
          waiter.isImpatient = true;
          this.#admit();
        }, this.#times.patienceMs);
        return;
      }
    }
  }

  #mayBegin({ deaths, isImpatient }: Waiter): boolean {
    if (this.#alone > 0) return false;
    if (deaths === 0) return true;
    if (deaths < ALONE_FROM) return this.#isolated < MOST_SUSPECTS;
    return this.#isolated === 0 && (this.#running === 0 || isImpatient);
  }

  #begin(deaths: number): Stay {
    this.#running += 1;
    const isSuspect = deaths > 0;
    const isAlone = deaths >= ALONE_FROM;
    if (isSuspect) this.#isolated += 1;
    if (isAlone) this.#alone += 1;
    let isIsolated = isSuspect;
    const endIsolation = (): void => {
      if (!isIsolated) return;
      isIsolated = false;
      this.#isolated -= 1;
      if (isAlone) this.#alone -= 1;
    };
    const lapse = isSuspect
      ? setTimeout(() => {
          endIsolation();
          this.#admit();
        }, this.#times.isolationMs).unref()
      : undefined;
    let isHere = true;
    return {
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
