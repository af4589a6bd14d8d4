import { describe, expect, it } from "@jest/globals";
import { parseCursor } from "./cursor.ts";

const UUID = "01234567-89ab-4def-8123-456789abcdef";

describe("a cursor", () => {
  it("is the header where both are given, and an empty header is none", () => {
    expect(parseCursor("5-1", "6-1")).toEqual({ from: "entry", id: "5-1" });
    expect(parseCursor("", "6-1")).toEqual({ from: "entry", id: "6-1" });
    expect(parseCursor(" ", undefined)).toEqual({ from: "beginning" });
    expect(parseCursor(undefined, undefined)).toEqual({ from: "beginning" });
  });

  it("may be an event's UUID, or in the query $", () => {
    expect(parseCursor(undefined, UUID)).toEqual({ from: "event", uuid: UUID });
    expect(parseCursor(UUID, "$")).toEqual({ from: "event", uuid: UUID });
    expect(parseCursor(undefined, "$")).toEqual({ from: "newest" });
  });

  it.each(["5", "5-", "-1", "a-1", "5-1-1", "1234567890123456-1", UUID.toUpperCase(), "$ ", ""])(
    "is malformed as %p",
    (text) => expect(parseCursor(undefined, text)).toBeUndefined(),
  );

  it("is malformed as $ in the header, and given twice in the query", () => {
    expect(parseCursor("$", undefined)).toBeUndefined();
    expect(parseCursor(undefined, ["5-1", "6-1"])).toBeUndefined();
    expect(parseCursor("nonsense", "5-1")).toBeUndefined();
  });
});
