/**
 * One timer for every paced answer: a wheel of milliseconds, each slot the answers due in it. An answer's moments follow
 * from its start, so that a late tick shifts no later token, and what is overdue is sent at once.
 */
const WHEEL_MS = 1_024;

export interface Paced {
  /** performance.now() of the next token. */
  dueMs: number;
  /** Says a token and sets the next moment; false when there is no more. */
  sayNext(): boolean;
}

export class Pacer {
  readonly #slots: Paced[][];
  #tickMs = Math.floor(performance.now());
  #timer: NodeJS.Timeout | undefined;
  #size = 0;

  constructor(wheelMs: number = WHEEL_MS) {
    this.#slots = Array.from({ length: wheelMs }, () => []);
  }

  add(paced: Paced): void {
    if (this.#timer === undefined) {
      this.#tickMs = Math.floor(performance.now());
      this.#timer = setInterval(() => this.#turn(), 1);
    }
    this.#size += 1;
    this.#place(paced);
  }

  #place(paced: Paced): void {
    // Further ahead than the wheel reaches: it goes round, and waits again when its slot comes by.
    const slot = Math.max(this.#tickMs + 1, Math.min(Math.ceil(paced.dueMs), this.#tickMs + this.#slots.length - 1));
    this.#slots[slot % this.#slots.length]?.push(paced);
  }

  #turn(): void {
    const nowMs = Math.floor(performance.now());
    while (this.#tickMs < nowMs) {
      this.#tickMs += 1;
      const due = this.#slots[this.#tickMs % this.#slots.length] ?? [];
      if (due.length === 0) continue;
      this.#slots[this.#tickMs % this.#slots.length] = [];
      for (const paced of due) this.#serve(paced);
    }
    if (this.#size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #serve(paced: Paced): void {
    const isDue = paced.dueMs <= this.#tickMs;
    if (isDue && !paced.sayNext()) this.#size -= 1;
    else this.#place(paced);
  }
}
