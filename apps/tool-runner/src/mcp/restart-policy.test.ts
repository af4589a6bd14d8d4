import { describe, expect, it } from "@jest/globals";
import { REMOTE, RestartPolicy } from "./restart-policy.ts";

const MINUTE_MS = 60_000;

describe("the restart policy", () => {
  it("doubles the wait with every death in a row, up to a minute", () => {
    let now = 0;
    const policy = new RestartPolicy(
      () => now,
      () => 0,
    );
    const waits = Array.from({ length: 8 }, () => {
      now += 10 * MINUTE_MS;
      return policy.recordDeath().delayMs;
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it("begins anew after a success", () => {
    const policy = new RestartPolicy(
      () => 0,
      () => 0,
    );
    policy.recordDeath();
    policy.recordDeath();
    policy.recordSuccess();
    expect(policy.recordDeath().delayMs).toBe(1000);
  });

  it("spreads restarts by jitter, never later than planned", () => {
    const policy = new RestartPolicy(
      () => 0,
      () => 1,
    );
    expect(policy.recordDeath().delayMs).toBe(800);
  });

  it("[mcp.breaker] gives up for a minute after five deaths within two, whatever succeeded in between", () => {
    let now = 0;
    const policy = new RestartPolicy(
      () => now,
      () => 0,
    );
    const verdicts = Array.from({ length: 5 }, () => {
      now += 20_000;
      policy.recordSuccess();
      return policy.recordDeath();
    });
    expect(verdicts.map(({ isOpen }) => isOpen)).toEqual([false, false, false, false, true]);
    expect(verdicts.at(-1)?.delayMs).toBe(MINUTE_MS);
    now += 2 * MINUTE_MS;
    policy.recordSuccess();
    expect(policy.recordDeath()).toEqual({ delayMs: 1000, isOpen: false });
  });

  it("[mcp.http] never lets a remote server wait for more than five seconds, however often it was not there", () => {
    const policy = new RestartPolicy(
      () => 0,
      () => 0,
      REMOTE,
    );
    const verdicts = Array.from({ length: 10 }, () => policy.recordDeath());
    expect(Math.max(...verdicts.map(({ delayMs }) => delayMs))).toBe(5000);
    expect(verdicts.some(({ isOpen }) => isOpen)).toBe(false);
  });
});
