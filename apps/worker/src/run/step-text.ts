import type { RunLease } from "@holdfast/bus";

type Channel = "text" | "reasoning";

/** UTF-16 units of one token: what waits for an absent Redis must count as buffered. */
const MOST_AT_ONCE = 4_096;

/**
 * What a step shows while its model call runs, as `token` events (protocol §3.2).
 *
 * - `index` and `offset` count per channel, from 0 in every attempt; offsets are UTF-16 code units.
 * - What is said until a write leaves becomes one token: a model that speaks fast costs few of them.
 * - A surrogate pair is never cut in two: a high surrogate waits for what follows. Halves without a partner become U+FFFD.
 * - `restart` begins a new sample. Readers keep the old text until the new sample says something: only then is it
 *   withdrawn, by `supersede`. So `shown` is always what a reader has.
 * - The same holds for what an earlier attempt left behind. Its text may also stay for good, where the run ends before the
 *   model has said anything: so the `attempt` event of a takeover waits until it is known which of the two it is.
 */
export class StepText {
  readonly step: number;
  readonly #lease: RunLease;
  #sample = new Sample();
  /** The broken sample that readers still see; undefined once it was withdrawn. */
  #withdrawable: Sample | undefined;
  #cause = "takeover";
  /** The `attempt` event of a takeover is still to be written. */
  #owesAttempt: boolean;

  /** `left` is what readers show of the step since an earlier attempt; this attempt must not be announced otherwise then. */
  constructor(lease: RunLease, step: number, left?: string) {
    this.#lease = lease;
    this.step = step;
    this.#owesAttempt = left !== undefined;
    if (left !== undefined) this.#withdrawable = Sample.of(left);
  }

  /** The text readers show for this step. */
  get shown(): string {
    return (this.#withdrawable ?? this.#sample).text.value;
  }

  /** True once readers know the step from a token. */
  get isKnown(): boolean {
    return (this.#withdrawable ?? this.#sample).isKnown;
  }

  write(channel: Channel, delta: string): void {
    const piece = this.#sample[channel].take(delta);
    if (piece !== "") this.#append(channel, piece);
  }

  /** The answer is whole: what was held back goes out. `announce` makes a step known to readers that said nothing. */
  close(options: { announce: boolean }): string {
    for (const channel of ["reasoning", "text"] as const) {
      const rest = this.#sample[channel].takeRest();
      if (rest !== "") this.#append(channel, rest);
    }
    this.#withdraw();
    if (options.announce && !this.#sample.isKnown) this.#append("text", "");
    return this.#sample.text.value;
  }

  /** The sample broke and another will be asked for. */
  restart(cause: string): void {
    if (this.#sample.isKnown) this.#withdrawable = this.#sample;
    this.#sample = new Sample();
    this.#cause = cause;
  }

  /** To be called before anything else of a run that was taken over is written: what was shown stays, at least for now. */
  keepShown(): void {
    if (this.#owesAttempt) this.#announce("continue", this.shown.length);
  }

  #append(channel: Channel, piece: string): void {
    this.#withdraw();
    const sample = this.#sample;
    if (sample.waiting !== undefined && sample.waiting !== channel) this.#settle(sample);
    const track = sample[channel];
    track.add(piece);
    if (sample.waiting === undefined) {
      sample.waiting = channel;
      this.#lease.appendLater(() => this.#settle(sample));
    } else if (track.waiting.length >= MOST_AT_ONCE) this.#settle(sample);
  }

  #settle(sample: Sample): void {
    const channel = sample.waiting;
    if (channel === undefined) return;
    sample.waiting = undefined;
    const { index, offset, text } = sample[channel].takeWaiting();
    this.#lease.append({
      event: "token",
      step: this.step,
      index,
      offset,
      text,
      ...(channel === "text" ? {} : { channel }),
    });
  }

  #withdraw(): void {
    if (this.#withdrawable === undefined) return;
    this.#withdrawable = undefined;
    if (this.#owesAttempt) this.#announce("supersede", 0);
    else this.#lease.supersede(this.step, this.#cause);
  }

  #announce(mode: "continue" | "supersede", keep_offset: number): void {
    this.#owesAttempt = false;
    this.#lease.append({ event: "attempt", mode, step: this.step, keep_offset, cause: "takeover" });
  }
}

class Sample {
  readonly text = new Track();
  readonly reasoning = new Track();
  /** The channel of which something is still to be written. */
  waiting: Channel | undefined;

  static of(text: string): Sample {
    const sample = new Sample();
    sample.text.add(text);
    sample.text.takeWaiting();
    return sample;
  }

  get isKnown(): boolean {
    return this.text.isKnown || this.reasoning.isKnown;
  }
}

/** One channel of a sample: what was said, how much of it went out, and half a character that waits for its other half. */
class Track {
  value = "";
  /** Said, and still to be written. */
  waiting = "";
  isKnown = false;
  #tokens = 0;
  #held = "";

  /** What of `delta` can go out now. */
  take(delta: string): string {
    const text = this.#held + delta;
    const isCut = /[\uD800-\uDBFF]$/.test(text);
    this.#held = isCut ? text.slice(-1) : "";
    return (isCut ? text.slice(0, -1) : text).toWellFormed();
  }

  takeRest(): string {
    const rest = this.#held.toWellFormed();
    this.#held = "";
    return rest;
  }

  add(piece: string): void {
    this.value += piece;
    this.waiting += piece;
    this.isKnown = true;
  }

  /** The next token. */
  takeWaiting(): { readonly index: number; readonly offset: number; readonly text: string } {
    const text = this.waiting;
    const token = { index: this.#tokens, offset: this.value.length - text.length, text };
    this.waiting = "";
    this.#tokens += 1;
    return token;
  }
}
