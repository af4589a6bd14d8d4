/** An event as it stands in a frame, trusted in nothing: each field is asked for with the type that protocol §3.2 gives it. */
export class StrictEvent {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #complain: (problem: string) => void;

  constructor(data: string, complain: (problem: string) => void) {
    this.#complain = complain;
    this.#fields = parseObject(data);
    if (Object.keys(this.#fields).length === 0) complain(`a frame is no JSON object: ${data.slice(0, 80)}`);
  }

  get kind(): string {
    return this.text("event");
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value === "string") return value;
    this.#complain(`${name} is no text in ${this.#describe()}`);
    return "";
  }

  /** A whole number of at least 0. */
  count(name: string): number {
    const value = this.#fields[name];
    if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
    this.#complain(`${name} is no whole number in ${this.#describe()}`);
    return 0;
  }

  json(name: string): string {
    if (!this.has(name)) this.#complain(`${name} is missing in ${this.#describe()}`);
    return JSON.stringify(this.#fields[name]) ?? "";
  }

  #describe(): string {
    return JSON.stringify(this.#fields).slice(0, 160);
  }
}

function parseObject(data: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(data);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
