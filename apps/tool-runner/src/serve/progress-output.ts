import { LiveOutput } from "../terminal/live-output.ts";

/**
 * What an MCP server says about its progress, for the reader's eyes: a few pieces a second and a bounded number of characters
 * for each call, however much it says. Each piece is an entry in Redis and an event for every reader.
 */
const MESSAGE_CHARACTERS = 500;
const CALL_CHARACTERS = 50_000;
const LEFT_OUT = "[… more progress left out]\n";

export class ProgressOutput {
  readonly #live: LiveOutput;
  #left = CALL_CHARACTERS;

  constructor(onOutput: (stream: "stdout", text: string) => void) {
    this.#live = new LiveOutput((_stream, text) => onOutput("stdout", text));
  }

  add(message: string | undefined): void {
    if (message === undefined || this.#left <= 0) return;
    const line = `${message.slice(0, MESSAGE_CHARACTERS)}\n`;
    this.#left -= line.length;
    this.#live.add("stdout", this.#left > 0 ? line : LEFT_OUT);
  }

  /** Hands over what still waits. */
  finish(): void {
    this.#live.finish();
  }
}
