import { inspect } from "node:util";
import { registerSecret } from "@holdfast/telemetry";

/**
 * A configured secret. However it is printed (text, JSON, inspection, a log field) it reads `[redacted]`; `reveal()` is
 * the only way to the value, so every use can be found by searching for it. From its creation on, the value is also
 * masked wherever it appears in logs and redacted texts.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    registerSecret(value);
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}
