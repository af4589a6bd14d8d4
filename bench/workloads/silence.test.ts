import { expect, it } from "@jest/globals";
import { silenceAfter, silenceMetrics } from "./silence.ts";

it("the pause counts from the last token seen, also when that arrived after the kill", () => {
  expect(silenceAfter([100, 200, 310, 2_310, 2_400], 300)).toBe(2_000);
});

it("pauses before the kill do not count, and no token after it is no pause", () => {
  expect(silenceAfter([100, 5_000, 5_100], 4_990)).toBe(4_900);
  expect(silenceAfter([100, 5_000, 5_100], 5_050)).toBe(100);
  expect(silenceAfter([100, 200], 300)).toBeUndefined();
});

it("a reader that had seen nothing yet waits from the kill on", () => {
  expect(silenceAfter([900], 300)).toBe(600);
});

it("chats that were never continued are told apart", () => {
  const metrics = silenceMetrics([[100, 2_300_100], [100]], 200);
  expect(metrics).toMatchObject({ affected: 2, silent_for_good: 1, silence_p95_ms: 2_300 });
  expect(silenceMetrics([[100]], 200)).toEqual({ affected: 1, silent_for_good: 1 });
});
