import type { CallToolResult } from "@modelcontextprotocol/client";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { capItems, cutMiddle, TEXT_CAP_BYTES } from "./capped-text.ts";
import { answeredOutcome } from "./result.ts";

const text = (value: string) => ({ type: "text" as const, text: value });
const wrongSum = (value: unknown) => (value === undefined ? ["the value must be object"] : ["/sum must be number"]);

describe("a result for the model", () => {
  it("[mcp.cap] keeps the head and the tail of a text over 50 kB, says how much is missing, and marks it truncated", () => {
    const outcome = answeredOutcome({ content: [text(`begin${"é".repeat(100_000)}end`)] });
    const shown = outcome.content[0]?.text ?? "";
    expect(outcome).toMatchObject({ status: "completed", truncated: true });
    expect(Buffer.byteLength(shown)).toBeLessThan(TEXT_CAP_BYTES + 100);
    expect(shown).toMatch(/^beginé+\n\[… 15\d{4} bytes left out …\]\né+end$/);
  });

  it("never splits a character where it cuts", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 30 }), fc.integer({ min: 5, max: 40 }), (whole, max) => {
        expect(cutMiddle(whole, max)).not.toContain("\ufffd");
      }),
    );
  });

  it("counts all items together and tells how many it left out", () => {
    const { items, isTruncated } = capItems([text("a".repeat(600)), text("b".repeat(600)), text("c"), text("d")], 1000);
    expect(isTruncated).toBe(true);
    expect(items).toHaveLength(3);
    expect(items[1]?.text).toContain("200 bytes left out");
    expect(items[2]?.text).toBe("[… 2 more content items left out]");
  });

  it("names binary content and keeps it out of the text", () => {
    const content: CallToolResult["content"] = [
      { type: "image", data: "aGVsbG8=", mimeType: "image/png" },
      { type: "audio", data: "aGVsbG8=", mimeType: "audio/wav" },
      { type: "resource_link", name: "log", uri: "file:///log" },
      { type: "resource", resource: { uri: "file:///a", mimeType: "text/plain", text: "inside" } },
      { type: "resource", resource: { uri: "file:///b", blob: "aGVsbG8=" } },
    ];
    expect(answeredOutcome({ content }).content).toEqual([
      { type: "image", text: "[image: image/png, 5 bytes]" },
      { type: "audio", text: "[audio: audio/wav, 5 bytes]" },
      { type: "resource_link", text: "[resource_link: log, file:///log]" },
      { type: "resource", text: "[resource: file:///a, text/plain]\ninside" },
      { type: "resource", text: "[resource: file:///b, 5 bytes]" },
    ]);
  });

  it("reports isError as a failure whose text the model can read", () => {
    expect(answeredOutcome({ content: [text("no such file")], isError: true })).toEqual({
      status: "failed",
      content: [text("no such file")],
      error: { code: "tool_error", message: "no such file" },
    });
  });

  for (const [what, structuredContent, says] of [
    ["missing", undefined, "is missing"],
    ["wrong", { sum: "x" }, "/sum must be number"],
  ] as const) {
    it(`[mcp.structured] fails where the promised structured content is ${what}`, () => {
      const result = { content: [text("ok")], ...(structuredContent && { structuredContent }) };
      const outcome = answeredOutcome(result, wrongSum);
      expect(outcome).toMatchObject({ status: "failed", error: { code: "invalid_structured_content" } });
      expect(outcome.content[0]?.text).toContain(says);
    });
  }

  it("does not ask a failed tool for structured content", () => {
    expect(answeredOutcome({ content: [], isError: true }, wrongSum).error?.code).toBe("tool_error");
  });

  it("shows structured content as text where there is no other, and leaves it out where it is too large", () => {
    expect(answeredOutcome({ content: [], structuredContent: { sum: 5 } })).toEqual({
      status: "completed",
      content: [text('{"sum":5}')],
      structured: { sum: 5 },
    });
    const large = answeredOutcome({ content: [text("ok")], structuredContent: { text: "x".repeat(60_000) } });
    expect(large).toEqual({ status: "completed", content: [text("ok")], truncated: true });
  });
});
