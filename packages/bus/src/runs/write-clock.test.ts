import { describe, expect, it } from "@jest/globals";
import { WriteClock } from "./write-clock.ts";

/** A clock whose loop is as busy as the test says, looked at with every first request of a round. */
function clockAt(busyness: readonly number[]) {
  let at = 0;
  let nowMs = 0;
  const clock = new WriteClock({
    busyness: () => busyness[Math.min(at++, busyness.length - 1)] ?? 0,
    nowMs: () => (nowMs += 1_000),
  });
  const round = () => new Promise<void>((resolve) => clock.request(resolve));
  return { clock, round };
}

async function windowsAt(busyness: readonly number[]): Promise<number[]> {
  const { clock, round } = clockAt(busyness);
  const windows: number[] = [];
  for (let rounds = 0; rounds < busyness.length; rounds += 1) {
    await round();
    windows.push(clock.windowMs);
  }
  return windows;
}

describe("the window in which writes wait for each other", () => {
  it("is none while there is time, and all writes of a tick leave together", async () => {
    const { clock } = clockAt([0.1]);
    const left: string[] = [];
    clock.request(() => left.push("a"));
    await Promise.resolve();
    clock.request(() => left.push("b"));
    expect(left).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(left).toEqual(["a", "b"]);
  });

  it("grows step by step with a loop that stays busy", async () => {
    expect(await windowsAt([0.5, 0.8, 0.99, 0.99])).toEqual([2, 5, 20, 20]);
  });

  it("shrinks only well below the mark that made it grow", async () => {
    expect(await windowsAt([0.5, 0.3, 0.19, 0.1])).toEqual([2, 2, 0, 0]);
  });
});
