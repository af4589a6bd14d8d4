import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { compareEntryIds, EntryId, eventUuid, formatEntryId, parseEntryId, positionOfEventUuid } from "./entry-id.ts";
import { isUuid, newUuid } from "./ids.ts";

const position = fc.record({ epoch: fc.integer({ min: 0, max: 2 ** 47 }), seq: fc.integer({ min: 0, max: 2 ** 47 }) });

describe("entry ids", () => {
  it("[log.uuid] turns every position into a UUID and back", () => {
    fc.assert(
      fc.property(position, (given) => {
        const uuid = eventUuid(given);
        expect(isUuid(uuid)).toBe(true);
        expect(positionOfEventUuid(uuid)).toEqual(given);
        expect(parseEntryId(formatEntryId(given))).toEqual(given);
      }),
    );
  });

  it("does not take a random UUID for an event's", () => {
    for (let i = 0; i < 1_000; i += 1) expect(positionOfEventUuid(newUuid())).toBeUndefined();
  });

  it("orders by number, not by text", () => {
    expect(compareEntryIds("1700000000000-9", "1700000000000-10")).toBeLessThan(0);
    expect(compareEntryIds("1700000000001-1", "1700000000000-10")).toBeGreaterThan(0);
    expect(compareEntryIds("5-5", "5-5")).toBe(0);
  });

  it.each(["", "1", "-1", "1-", "a-1", "1-1-1", "1--1", "9999999999999999-1", " 1-1"])(
    "refuses %j as a cursor",
    (text) => {
      expect(EntryId.safeParse(text).success).toBe(false);
    },
  );
});
