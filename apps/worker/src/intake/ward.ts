/**
 * Who may run beside whom after deaths: a message that kills its worker must not take its neighbours along each time, and
 * to be found guilty it must have been alone.
 *
 * - A run whose owners died is a suspect. The more of them died, the fewer suspects begin together; at last one begins
 *   alone, and nobody else begins meanwhile. What ran before stays: it has shown that it can.
 * - A suspect is set apart until it has shown something or ended, or for `isolationMs`: what kills at once is found out by then.
 * - Nobody waits for long: after `patienceMs` a suspect begins in company, though never beside one that was to be alone.
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
  /** Set when it could not begin at once. */
  patience: NodeJS.Timeout | undefined;
  isImpatient: boolean;
}

/** Suspects that begin together, by the deaths of their owners. One death is often an accident, and shared by many. */
const TOGETHER = [Number.POSITIVE_INFINITY, 64, 8];
const togetherOf = (deaths: number): number => TOGETHER[deaths] ?? 1;
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
      } else if (waiter.deaths > 0) {
        waiter.patience ??= setTimeout(() => {
          waiter.isImpatient = true;
          this.#admit();
        }, this.#times.patienceMs);
        // It waits for an empty worker: whoever came later would only keep it busy.
        if (togetherOf(waiter.deaths) === 1 && !waiter.isImpatient) return;
      }
    }
  }

  #mayBegin({ deaths, isImpatient }: Waiter): boolean {
    if (deaths === 0) return !this.#isolated.includes(1);
    const together = togetherOf(deaths);
    if (together === 1) return this.#isolated.length === 0 && (this.#running === 0 || isImpatient);
    if (isImpatient) return !this.#isolated.includes(1);
    return this.#isolated.length < Math.min(together, ...this.#isolated);
  }

  #begin(deaths: number): Stay {
    this.#running += 1;
    const isSuspect = deaths > 0;
    const together = togetherOf(deaths);
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
