import { expect, it } from "@jest/globals";
import { pause, retryDelayMs } from "./retry-backoff.ts";

const POLICY = { retries: 3, baseMs: 1_000 };

it("doubles, with jitter between half and all of it", () => {
  expect([0, 1, 2].map((retry) => retryDelayMs(POLICY, retry, undefined, () => 0))).toEqual([500, 1_000, 2_000]);
  expect([0, 1, 2].map((retry) => retryDelayMs(POLICY, retry, undefined, () => 1))).toEqual([1_000, 2_000, 4_000]);
  expect(retryDelayMs(POLICY, 20, undefined, () => 1)).toBe(30_000);
});

it("waits at least as long as the server asks for", () => {
  expect(retryDelayMs(POLICY, 0, 5_000, () => 0)).toBe(5_000);
  expect(retryDelayMs(POLICY, 0, 5_000, () => 1)).toBe(6_000);
  expect(retryDelayMs(POLICY, 0, 10, () => 1)).toBe(1_000);
});

it("ends a pause with the reason of its signal", async () => {
  const abort = new AbortController();
  const reason = new Error("stop");
  setImmediate(() => abort.abort(reason));
  await expect(pause(60_000, abort.signal)).rejects.toBe(reason);
});
