import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { modelName } from "./model-name.ts";

describe("the model's name of a tool", () => {
  it("is server__tool where that is unambiguous", () => {
    expect(modelName("files", "read_file")).toBe("files__read_file");
  });

  it("[mcp.names] fits what model providers accept, for any names", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (server, tool) => {
        expect(modelName(server, tool)).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      }),
    );
  });

  it("[mcp.names] gives different tools different names", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "b", "_", ".", "-", "é"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(part, part, part, part, (serverA, toolA, serverB, toolB) => {
        fc.pre(serverA !== serverB || toolA !== toolB);
        expect(modelName(serverA, toolA)).not.toBe(modelName(serverB, toolB));
      }),
      { numRuns: 1000 },
    );
  });

  it("[mcp.names] tells tools apart whose names only differ where the model's cannot", () => {
    const tools = ["a.b", "a:b", "a/b", "a_b", "é", "è", `${"x".repeat(80)}1`, `${"x".repeat(80)}2`];
    expect(new Set(tools.map((tool) => modelName("s", tool))).size).toBe(tools.length);
  });

  for (const [server, tool] of [
    ["files", "a".repeat(100)],
    ["files", "read.file"],
    ["a__b", "c"],
    ["a_", "b"],
  ] as const) {
    it(`ends ${server} and ${tool.slice(0, 12)} with a hash of both`, () => {
      expect(modelName(server, tool)).toMatch(/_[0-9a-f]{8}$/);
    });
  }
});
