import { describe, expect, it } from "@jest/globals";
import { WriteClock } from "./write-clock.ts";

interface Moment {
  readonly busyness: number;
  /** Writes in the second before it. */
  readonly writes: number;
}

/** The windows of a clock that looks once a second, of the test's own time. */
async function windowsAt(moments: readonly Moment[]): Promise<number[]> {
  let [at, nowMs] = [0, 0];
  const clock = new WriteClock({ busyness: () => moments[at]?.busyness ?? 0, nowMs: () => nowMs });
  const round = () => new Promise<void>((resolve) => clock.request(resolve));
  await round();
  const windows: number[] = [];
  for (; at < moments.length; at += 1) {
    for (let written = 2; written < (moments[at]?.writes ?? 0); written += 1) clock.request(() => undefined);
    await round();
    nowMs += 1_000;
    await round();
    windows.push(clock.windowMs);
  }
  return windows;
}

describe("the window in which writes wait for each other", () => {
  it("is none while there is little to write, and all writes of a tick leave together", async () => {
    const clock = new WriteClock();
    const left: string[] = [];
    clock.request(() => left.push("a"));
    await Promise.resolve();
    clock.request(() => left.push("b"));
    expect(left).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(left).toEqual(["a", "b"]);
    expect(clock.windowMs).toBe(0);
  });

  it("grows step by step with a loop that stays busy", async () => {
    const busy = [0.5, 0.8, 0.99, 0.99].map((busyness) => ({ busyness, writes: 10 }));
    expect(await windowsAt(busy)).toEqual([2, 5, 20, 20]);
  });

  it("grows with the number of writes, but not to where it would show", async () => {
    const many = [2_000, 8_000, 50_000].map((writes) => ({ busyness: 0.1, writes }));
    expect(await windowsAt(many)).toEqual([2, 5, 5]);
  });

  it("shrinks only well below the mark that made it grow", async () => {
    const moments = [
      { busyness: 0.6, writes: 10 },
      { busyness: 0.4, writes: 10 },
      { busyness: 0.1, writes: 900 },
      { busyness: 0.1, writes: 500 },
    ];
    expect(await windowsAt(moments)).toEqual([2, 2, 2, 0]);
  });
});
