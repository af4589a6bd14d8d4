import { expect, it } from "@jest/globals";
import { uuidV5 } from "@holdfast/bus";
import { messageIdOf } from "./idempotency.ts";

const CONVERSATION = "01234567-89ab-4def-8123-456789abcdef";
const ID = "11111111-2222-4333-8444-555555555555";
const HEX = "abcdefab-2222-4333-8444-555555555555";

it("takes the body's id where no key is given, and none where neither is", () => {
  expect(messageIdOf(CONVERSATION, ID, undefined)).toEqual({ id: ID });
  expect(messageIdOf(CONVERSATION, undefined, undefined)).toEqual({ id: undefined });
});

it("takes a UUID as it is, quoted or in capitals", () => {
  expect(messageIdOf(CONVERSATION, undefined, HEX)).toEqual({ id: HEX });
  expect(messageIdOf(CONVERSATION, undefined, `"${HEX}"`)).toEqual({ id: HEX });
  expect(messageIdOf(CONVERSATION, HEX, HEX.toUpperCase())).toEqual({ id: HEX });
});

it("hashes any other key to a UUID that follows from it and the conversation", () => {
  const hashed = { id: uuidV5(CONVERSATION, "order 66") };
  expect(messageIdOf(CONVERSATION, undefined, "order 66")).toEqual(hashed);
  expect(messageIdOf(ID, undefined, "order 66")).not.toEqual(hashed);
});

it("refuses an id and a key that differ, and a key that is empty or too long", () => {
  expect(messageIdOf(CONVERSATION, ID, HEX)).toMatchObject({ errors: [{ path: "id" }] });
  expect(messageIdOf(CONVERSATION, ID, "order 66")).toMatchObject({ errors: [{ path: "id" }] });
  expect(messageIdOf(CONVERSATION, undefined, "")).toMatchObject({ errors: [{ path: "Idempotency-Key" }] });
  expect(messageIdOf(CONVERSATION, undefined, "x".repeat(256))).toMatchObject({
    errors: [{ path: "Idempotency-Key" }],
  });
});
