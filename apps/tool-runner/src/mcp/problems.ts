const SHOWN = 3;
const CHARACTERS = 300;

/** What was left out of a server, for people: the first few sentences and how many more there are, however many it makes. */
export class Problems {
  readonly #shown: string[] = [];
  #count = 0;

  add(problem: string): void {
    this.#count += 1;
    if (this.#shown.length < SHOWN) this.#shown.push(problem.slice(0, CHARACTERS));
  }

  /** Undefined where there are none. */
  get summary(): string | undefined {
    if (this.#count === 0) return undefined;
    const more = this.#count - this.#shown.length;
    return `${this.#shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
  }
}
