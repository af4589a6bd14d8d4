import type { Slots } from "../mcp/slots.ts";

interface Taken {
  /** Frees the place. */
  readonly leave: () => void;
  /** Frees the place at who runs the tool, which is kept while a human is asked. */
  readonly leaveExecutor: (() => void) | undefined;
  /** Told when the place is lent, and when it is not any more. */
  readonly onLent: (isLent: boolean) => void;
}

/**
 * A call's place among those in work. While the call waits for a human it is others' place: humans are slow, and a few open
 * questions must not keep every other call waiting. A call that has its answer goes on at once, where need be as one more
 * than there are places: its server waits already, and has no more such calls than it works on at once.
 */
export class Place {
  readonly #slots: Slots;
  readonly #leaveExecutor: (() => void) | undefined;
  readonly #onLent: (isLent: boolean) => void;
  #release: () => void;
  #questions = 0;
  #hasLeft = false;

  constructor(slots: Slots, { leave, leaveExecutor, onLent }: Taken) {
    this.#slots = slots;
    this.#release = leave;
    this.#leaveExecutor = leaveExecutor;
    this.#onLent = onLent;
  }

  /** A call may ask several things at once. */
  readonly whileAsking = async <T>(ask: () => Promise<T>): Promise<T> => {
    this.#questions += 1;
    if (this.#questions === 1) this.#lend();
    try {
      return await ask();
    } finally {
      this.#questions -= 1;
      if (this.#questions === 0) this.#takeBack();
    }
  };

  leave(): void {
    this.#hasLeft = true;
    this.#leaveExecutor?.();
    this.#release();
    if (this.#questions > 0) this.#onLent(false);
  }

  #lend(): void {
    if (this.#hasLeft) return;
    this.#release();
    this.#onLent(true);
  }

  #takeBack(): void {
    if (this.#hasLeft) return;
    this.#release = this.#slots.takeBack();
    this.#onLent(false);
  }
}
