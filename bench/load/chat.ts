import { nowUs } from "../clock.ts";
import { sentUsAt, sequenceAt, STAMP_LENGTH } from "../stamp.ts";
import { Ledger } from "./ledger.ts";
import type { Recorder } from "./recorder.ts";

/** `complete`: the system said that the answer is finished. `broken`: it ended in another way. */
export type ChatEnd = "complete" | "broken" | "overdue";

/** One answer as its reader gets it, from the request to the end. */
export class Chat {
  readonly prompt: string;
  readonly ledger: Ledger;
  /** Microseconds of arrival of every token; only where kept. */
  readonly arrivalsUs: number[] = [];
  /** Characters that are no token of the model: something was cut, mixed or invented. */
  garbled = 0;
  readonly ended: Promise<ChatEnd>;
  end: ChatEnd | undefined;
  startedUs = nowUs();
  readonly #recorder: Recorder;
  readonly #keepsArrivals: boolean;
  readonly #settle: (end: ChatEnd) => void;
  #isSpeaking = false;
  #cut = "";

  constructor(prompt: string, tokens: number, recorder: Recorder, keepsArrivals = false) {
    this.prompt = prompt;
    this.ledger = new Ledger(tokens);
    this.#recorder = recorder;
    this.#keepsArrivals = keepsArrivals;
    const { promise, resolve } = Promise.withResolvers<ChatEnd>();
    this.ended = promise;
    this.#settle = resolve;
  }

  /** Text as it is shown, in pieces of any length. */
  take(piece: string, atUs: number): void {
    const text = this.#cut === "" ? piece : this.#cut + piece;
    let at = 0;
    for (; at + STAMP_LENGTH <= text.length; at += STAMP_LENGTH) {
      const sequence = sequenceAt(text, at);
      const sentUs = sentUsAt(text, at);
      if (sequence === -1 || sentUs === -1) this.garbled += STAMP_LENGTH;
      else this.#takeToken(sequence, sentUs, atUs);
    }
    this.#cut = text.slice(at);
  }

  /** Only the first `characters` of the text stay. */
  withdraw(characters: number): void {
    this.ledger.withdraw(Math.floor(characters / STAMP_LENGTH));
    this.#cut = "";
  }

  /** The request goes out now and not when the reader was made. */
  restartClock(): void {
    this.startedUs = nowUs();
  }

  finish(end: ChatEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.garbled += this.#cut.length;
    this.#settle(end);
  }

  #takeToken(sequence: number, sentUs: number, atUs: number): void {
    const recorder = this.#recorder;
    this.ledger.take(sequence);
    recorder.tokens += 1;
    recorder.lastTokenUs = atUs;
    recorder.latencies.record(atUs - sentUs);
    if (this.#keepsArrivals) this.arrivalsUs.push(atUs);
    if (this.#isSpeaking) return;
    this.#isSpeaking = true;
    recorder.firstTokens.record(atUs - this.startedUs);
  }
}
