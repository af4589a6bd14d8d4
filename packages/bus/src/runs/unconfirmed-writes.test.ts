import { expect, it } from "@jest/globals";
import { UnconfirmedWrites } from "./unconfirmed-writes.ts";

const QUARTER = "x".repeat(1 << 18);

it("gives back what follows a run-sequence, with the values that were written with it", () => {
  const writes = new UnconfirmedWrites();
  writes.add(5, { payloads: ["5", "6"], fields: ["a", "1"] });
  writes.add(7, { payloads: ["7"], fields: [] });
  writes.add(8, { payloads: ["8"], fields: ["b", "2"] });
  expect(writes.after(4)).toEqual({ payloads: ["5", "6", "7", "8"], fields: ["a", "1", "b", "2"] });
  expect(writes.after(6)).toEqual({ payloads: ["7", "8"], fields: ["b", "2"] });
  expect(writes.after(3)).toBeUndefined();
  expect(writes.after(8)).toBeUndefined();
});

it("forgets the oldest first, events or values, and never the newest batch", () => {
  const writes = new UnconfirmedWrites();
  for (const first of [1, 2, 3]) writes.add(first, { payloads: ["p"], fields: ["j", QUARTER] });
  expect(writes.after(0)?.payloads).toHaveLength(3);
  writes.add(4, { payloads: [QUARTER], fields: [] });
  writes.add(5, { payloads: ["p"], fields: [] });
  expect(writes.after(2)).toBeUndefined();
  expect(writes.after(3)).toEqual({ payloads: [QUARTER, "p"], fields: [] });
  const large = [QUARTER, QUARTER, QUARTER, QUARTER, QUARTER];
  writes.add(6, { payloads: large, fields: [] });
  writes.add(11, { payloads: [], fields: [] });
  writes.add(11, { payloads: [], fields: ["k", "v"] });
  expect(writes.after(5)).toEqual({ payloads: large, fields: ["k", "v"] });
});
