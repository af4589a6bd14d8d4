import { describe, expect, it } from "@jest/globals";
import { completeEnvelope } from "./envelope.ts";
import { ZodError } from "zod";
import { newUuid } from "./ids.ts";

const conversation_id = newUuid();
const entry = { id: newUuid(), agent: "assistant", now: new Date(0) };

describe("an envelope written by hand", () => {
  it("[envelope.bare] needs only the conversation and the content", () => {
    expect(completeEnvelope({ conversation_id, content: "hi" }, entry)).toEqual({
      id: entry.id,
      conversation_id,
      content: "hi",
      sender: "user:anonymous",
      recipient: "agent:assistant",
      type: "message",
      metadata: {},
      created_at: "1970-01-01T00:00:00.000Z",
    });
  });

  it("takes its id from the entry, which is what producers dedupe by", () => {
    expect(completeEnvelope({ id: newUuid(), conversation_id, content: "hi" }, entry).id).toBe(entry.id);
  });

  it.each([
    ["no object", "hello"],
    ["null", null],
    ["a conversation that is no UUID", { conversation_id: "x", content: "hi" }],
    ["blank content", { conversation_id, content: " \n" }],
    ["content that is no string", { conversation_id, content: ["hi"] }],
    ["a sender without a kind", { conversation_id, content: "hi", sender: "ann" }],
    ["a date that is none", { conversation_id, content: "hi", created_at: "yesterday" }],
  ])("[envelope.refused] refuses %s", (_what, payload) => {
    expect(() => completeEnvelope(payload, entry)).toThrow(ZodError);
  });
});
