import fc from "fast-check";
import type { Frame } from "../frame.ts";
import { asked, attempt, frameOf, output, type PartialEvent, status, token } from "./log-builder.ts";

/**
 * Logs of one run as a worker may write it: several steps, each sampled in pieces (surrogate pairs may be split between
 * two), each of which may be broken off and superseded keeping any part of what was shown, with late tokens of the
 * attempt that lost its lease between the new ones.
 */
export interface RunLog {
  readonly frames: readonly Frame[];
  /** For each frame, the sample that the answer must be a prefix of once the frame is applied. */
  readonly samples: readonly string[];
  /** The text of `output`. */
  readonly output: string;
}

const unit = fc.constantFrom("a", "b ", "\n", "é", "😀", "\ud83d", "\ude00", "漢");
const sample = fc.array(
  fc.array(unit, { maxLength: 4 }).map((units) => units.join("")),
  { maxLength: 6 },
);

const sampling = fc.record({
  sample,
  reasoning: sample,
  /** Share of the pieces written before the owner died, and of the shown text that its successor keeps. */
  written: fc.double({ min: 0, max: 1, noNaN: true }),
  kept: fc.double({ min: 0, max: 1, noNaN: true }),
  hasZombie: fc.boolean(),
});
type Sampling = typeof sampling extends fc.Arbitrary<infer Value> ? Value : never;

const stepPlan = fc.record({ broken: fc.array(sampling, { maxLength: 2 }), last: sampling });

export const runLog: fc.Arbitrary<RunLog> = fc.array(stepPlan, { minLength: 1, maxLength: 3 }).map((steps) => {
  const log = new LogWriter();
  log.write(asked(), "");
  log.write(status("queued"), "");
  log.write(status("in_progress"), "");
  log.attempt("start", 0, 0, "");
  let text = "";
  for (const [index, { broken, last }] of steps.entries()) {
    text = log.step(index, broken, last);
    if (index < steps.length - 1) log.write({ event: "step", step: index, text, finish_reason: "tool_calls" }, text);
  }
  log.write(output(text, { step: steps.length - 1 }), text);
  log.write(status("completed"), text);
  return { frames: log.frames, samples: log.samples, output: text };
});

class LogWriter {
  readonly frames: Frame[] = [];
  readonly samples: string[] = [];
  #attempt = 0;

  write(event: PartialEvent, shown: string): void {
    const isFirst = event.event === "user_message" || (event.event === "run" && event.status === "queued");
    this.frames.push(frameOf(this.frames.length + 1, { attempt: isFirst ? 0 : Math.max(1, this.#attempt), ...event }));
    this.samples.push(shown);
  }

  attempt(mode: "start" | "supersede", step: number, keepOffset: number, shown: string): void {
    this.#attempt += 1;
    this.write(attempt(this.#attempt, mode, keepOffset, step), shown);
  }

  /** Samples one step, superseding it for each broken sampling. Returns its final text. */
  step(step: number, broken: readonly Sampling[], last: Sampling): string {
    let keep = "";
    for (const { sample: all, reasoning, written, kept, hasZombie } of broken) {
      const whole = keep + all.join("");
      const pieces = all.slice(0, Math.floor(written * all.length));
      const shown = this.#sample(step, keep, pieces, reasoning, whole);
      keep = shown.slice(0, Math.floor(kept * shown.length));
      const stale = token(shown.length, "ZOMBIE", { step, attempt: this.#attempt });
      this.attempt("supersede", step, keep.length, whole);
      if (hasZombie) this.write({ ...stale, offset: keep.length }, keep);
    }
    return this.#sample(step, keep, last.sample, last.reasoning, keep + last.sample.join(""));
  }

  #sample(step: number, keep: string, pieces: readonly string[], reasoning: readonly string[], whole: string): string {
    let thought = 0;
    for (const [index, text] of reasoning.entries()) {
      this.write(token(thought, text, { step, index, channel: "reasoning" }), whole);
      thought += text.length;
    }
    let shown = keep;
    for (const [index, text] of pieces.entries()) {
      this.write(token(shown.length, text, { step, index }), whole);
      shown += text;
    }
    return shown;
  }
}
