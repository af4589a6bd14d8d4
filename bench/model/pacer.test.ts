import { until } from "@holdfast/testing";
import { expect, it } from "@jest/globals";
import { type Paced, Pacer } from "./pacer.ts";

function spoken(firstMs: number, gapMs: number, count: number): Paced & { saidMs: number[] } {
  const saidMs: number[] = [];
  return {
    dueMs: firstMs,
    saidMs,
    sayNext() {
      saidMs.push(performance.now());
      this.dueMs += gapMs;
      return saidMs.length < count;
    },
  };
}

it("every token of every answer is said, in its time and never before", async () => {
  const pacer = new Pacer();
  const beganMs = performance.now();
  const answers = Array.from({ length: 20 }, (_, index) => spoken(beganMs + index, 7, 10));
  for (const answer of answers) pacer.add(answer);
  await until(() => answers.every(({ saidMs }) => saidMs.length === 10));
  for (const [index, { saidMs }] of answers.entries()) {
    const early = saidMs.filter((atMs, token) => atMs < beganMs + index + token * 7);
    expect(early).toEqual([]);
  }
});

it("an answer further ahead than the wheel reaches waits its turn", async () => {
  const pacer = new Pacer(16);
  const dueMs = performance.now() + 100;
  const far = spoken(dueMs, 1, 1);
  pacer.add(far);
  await until(() => far.saidMs.length === 1);
  expect(far.saidMs[0]).toBeGreaterThanOrEqual(dueMs);
});
