import type { Entry } from "@holdfast/bus";
import { newUuid } from "@holdfast/protocol";
import { expect, it } from "@jest/globals";
import { parseEntry } from "./parse-entry.ts";

const NOW = new Date("2026-01-02T03:04:05.000Z");
const conversation_id = newUuid();
const parse = (id: string, payload: unknown) => {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const entry: Entry = { topic: "chat:helper", entryId: "1-0", id, payload: text, trace: {} };
  return parseEntry(entry, "helper", NOW);
};

it("completes what an outside producer left out", () => {
  const id = newUuid();
  expect(parse(id, { conversation_id, content: "hi" })).toEqual({
    kind: "message",
    envelope: {
      id,
      conversation_id,
      content: "hi",
      sender: "user:anonymous",
      recipient: "agent:helper",
      type: "message",
      metadata: {},
      created_at: NOW.toISOString(),
    },
  });
});

it("names what is wrong, and the conversation where it can be known", () => {
  const content = "hi";
  expect(parse(newUuid(), "{")).toMatchObject({ kind: "garbage", code: "malformed_json" });
  expect(parse(newUuid(), "[1]")).toMatchObject({ kind: "garbage", code: "malformed_json" });
  expect(parse(newUuid(), "")).not.toHaveProperty("conversationId");
  expect(parse("7", { conversation_id, content })).toMatchObject({
    code: "malformed_id",
    conversationId: conversation_id,
  });
  expect(parse("", { conversation_id, content })).toMatchObject({ code: "malformed_id" });
  expect(parse(newUuid(), { conversation_id, content: " " })).toMatchObject({
    code: "invalid_envelope",
    message: expect.stringContaining("content"),
    conversationId: conversation_id,
  });
  expect(parse(newUuid(), { conversation_id: "x", content })).not.toHaveProperty("conversationId");
  expect(parse(newUuid(), { conversation_id, content, type: "control" })).toMatchObject({ code: "unsupported_type" });
});
