import { BusUnavailable } from "./ports/errors.ts";

/**
 * Work of a sweep on things that have nothing to do with each other: what is wrong with one must not keep the others waiting
 * for ever. While Redis does not answer there is no use in going on.
 */
export class EachByItself {
  readonly #errors: Error[] = [];

  async try(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof BusUnavailable) throw error;
      this.#errors.push(new Error(`${what} failed`, { cause: error }));
    }
  }

  throwIfAny(): void {
    const [first, ...more] = this.#errors;
    if (first)
      throw more.length === 0 ? first : new AggregateError(this.#errors, `${first.message}, and ${more.length} more`);
  }
}
