import { describe, expect, it } from "@jest/globals";
import { visibleText, withVisibleText } from "./tool-text.ts";

describe("what a model reads of a tool", () => {
  it("has no control, zero-width, bidirectional or tag characters", () => {
    expect(visibleText("Re\u200bads\u0000 a \u202efile\u2066\n\tnow\u{e0041}\ufeff")).toBe("Reads a file\n\tnow");
  });

  it("keeps other scripts and emoji", () => {
    expect(visibleText("读取 файл 📁 é")).toBe("读取 файл 📁 é");
  });

  it("is capped without splitting a character", () => {
    const capped = visibleText("📁".repeat(1000));
    expect(capped.length).toBeLessThanOrEqual(1024);
    expect(capped).toMatch(/^(?:📁)+…$/u);
  });

  it("is cleaned at every depth of a schema, and only in prose", () => {
    const schema = {
      properties: { a: { description: "x\u200by", enum: ["p\u200bq"] } },
      anyOf: [{ title: "\u202et" }],
    };
    expect(withVisibleText(schema)).toEqual({
      properties: { a: { description: "xy", enum: ["p\u200bq"] } },
      anyOf: [{ title: "t" }],
    });
  });
});
