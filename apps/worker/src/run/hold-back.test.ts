import { until } from "@holdfast/testing";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

const PIECE_BYTES = 1_024;
/** Far more than one run may keep in memory; what the sockets of both sides buffer is a part of it. */
const MOST_BYTES = 24 << 20;
const ENDLESS_BYTES = 96 << 20;
const STANDS_STILL_MS = 500;

/** Numbered pieces for as long as they are taken, until somebody has had enough. */
class Endless {
  taken = 0;
  hasEnough = false;
  readonly #said: string[] = [];

  async *pieces(): AsyncGenerator<string> {
    while (!this.hasEnough && this.taken * PIECE_BYTES < ENDLESS_BYTES) {
      const piece = `${this.taken} `.padEnd(PIECE_BYTES, ".");
      this.taken += 1;
      this.#said.push(piece);
      yield piece;
      // A turn of the loop, or the worker, which shares it here, would never read.
      if (this.taken % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get text(): string {
    return this.#said.join("");
  }

  /** Resolves when nothing was taken for a while. */
  async standsStill(): Promise<void> {
    let seen = -1;
    let sinceMs = performance.now();
    await until(
      () => {
        if (seen !== this.taken) sinceMs = performance.now();
        seen = this.taken;
        return performance.now() - sinceMs > STANDS_STILL_MS;
      },
      { timeoutMs: 20_000 },
    );
  }
}

it("[worker.hold-back] a Redis that stands still holds the model back instead of filling the worker's memory, and nothing is lost", async () => {
  const model = new Endless();
  stage.model.script(() => ({ pieces: model.pieces() }));
  await stage.worker();
  const talk = stage.talk();
  const runId = await talk.say("go on for ever");
  await until(() => model.taken > 64);
  process.kill(stage.redis.pid, "SIGSTOP");
  try {
    const before = model.taken;
    await model.standsStill();
    expect((model.taken - before) * PIECE_BYTES).toBeLessThan(MOST_BYTES);
  } finally {
    process.kill(stage.redis.pid, "SIGCONT");
  }
  model.hasEnough = true;
  const { run, text } = await talk.ended(runId, 60_000);
  expect(run.status).toBe("completed");
  expect(text === model.text).toBe(true);
});
