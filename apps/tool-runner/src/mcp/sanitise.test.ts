import { isSpecType } from "@modelcontextprotocol/client";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { WireMessage } from "./layered-transport.ts";
import { localFaultOf } from "./local-error.ts";
import { Sanitiser } from "./sanitise.ts";
import { sanitiseTool } from "./sanitise-tool.ts";

function answer(method: string, rest: object): { message: WireMessage | undefined; problems: string[] } {
  const problems: string[] = [];
  const layer = new Sanitiser((problem) => problems.push(problem));
  layer.outgoing({ jsonrpc: "2.0", id: 1, method });
  return { message: layer.incoming({ jsonrpc: "2.0", id: 1, ...rest }), problems };
}

describe("the sanitiser", () => {
  it("[mcp.bad-tools] drops bad tools one by one, names each, and keeps the others", () => {
    const inputSchema = { type: "object" };
    const tools = [
      { name: "good", inputSchema },
      null,
      { name: "bad" },
      { name: 3, inputSchema },
      { name: "fine", inputSchema },
    ];
    const { message, problems } = answer("tools/list", { result: { tools, nextCursor: 7 } });
    expect(message?.["result"]).toEqual({
      tools: [
        { name: "good", inputSchema },
        { name: "fine", inputSchema },
      ],
    });
    expect(problems).toHaveLength(3);
    expect(problems[1]).toContain('"bad"');
  });

  it("gives the SDK only tools it accepts, whatever a server sends", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (inputSchema, annotations, description) => {
        const { tool } = { tool: undefined, ...sanitiseTool({ name: "x", inputSchema, annotations, description }) };
        expect(tool === undefined || isSpecType.Tool(tool)).toBe(true);
      }),
    );
  });

  it("drops a tool whose schema is nested too deep to be walked", () => {
    const inputSchema = JSON.parse(`{"type":"object","a":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`) as object;
    expect(sanitiseTool({ name: "deep", inputSchema }).problem).toBeDefined();
  });

  it("[mcp.odd-content] turns odd content items into text and gives the SDK only what it accepts", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (content) => {
        const { message } = answer("tools/call", { result: { content } });
        expect(isSpecType.CallToolResult(message?.["result"])).toBe(true);
      }),
    );
  });

  it("takes a single item, a string or nothing for a list of content", () => {
    for (const [content, texts] of [
      [{ type: "text", text: "a" }, ["a"]],
      ["a", ["a"]],
      [null, []],
    ] as const) {
      const { message } = answer("tools/call", { result: { content } });
      const result = message?.["result"] as { content: { text: string }[] } | undefined;
      expect(result?.content.map(({ text }) => text)).toEqual(texts);
    }
  });

  it("fills in what a handshake lacks", () => {
    const { message } = answer("initialize", {
      result: { protocolVersion: "2025-06-18", capabilities: { tools: [] } },
    });
    expect(message?.["result"]).toEqual({
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "unknown", version: "unknown" },
    });
  });

  for (const [what, rest] of [
    ["neither result nor error", {}],
    ["a result that is no object", { result: "done" }],
    ["an error that is no object", { error: "boom" }],
  ] as const) {
    it(`ends a request whose response has ${what}`, () => {
      const { message } = answer("tools/call", rest);
      const error = message?.["error"] as { code: number; data: unknown } | undefined;
      expect(localFaultOf(error?.data)).toBe("malformed");
    });
  }

  it("completes an error without code or message", () => {
    expect(answer("tools/call", { error: {} }).message?.["error"]).toEqual({
      code: -32_603,
      message: "the server gave no message",
    });
  });

  it("drops a request of the server whose id could not be answered, and keeps its notifications", () => {
    const layer = new Sanitiser(() => undefined);
    expect(layer.incoming({ id: null, method: "ping" })).toBeUndefined();
    expect(layer.incoming({ method: "notifications/progress", params: [] })).toEqual({
      jsonrpc: "2.0",
      method: "notifications/progress",
    });
  });
});
