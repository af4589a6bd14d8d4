import { afterEach, describe, expect, it } from "@jest/globals";
import { newUuid } from "./ids.ts";

const VERSION_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const prototype = Object.getPrototypeOf(crypto) as object;
const randomUuid = Object.getOwnPropertyDescriptor(prototype, "randomUUID") ?? {};
afterEach(() => void Object.defineProperty(prototype, "randomUUID", randomUuid));

describe("a new id", () => {
  it.each(["where the page is served securely", "where it is not"])("is random and of version 4, %s", (where) => {
    if (where === "where it is not") Reflect.deleteProperty(prototype, "randomUUID");
    expect("randomUUID" in crypto).toBe(where !== "where it is not");
    const ids = Array.from({ length: 64 }, newUuid);
    for (const id of ids) expect(id).toMatch(VERSION_4);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
