import { describe, expect, it } from "@jest/globals";
import { parseDocument } from "yaml";
import { withPastedJson } from "./pasted-json.ts";

const read = (text: string): unknown => {
  const document = parseDocument(withPastedJson(text));
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS();
};

describe("JSON pasted into YAML", () => {
  it.each([
    ["indented by tabs", '"mcpServers": {\n\t"a": {\n\t\t"command": "x"\n\t}\n}\nrest: 1\n'],
    ["with a comma behind it", 'rest: 1\n"mcpServers": {\n  "a": { "command": "x" }\n},\n'],
    ["under a key of its own line", 'rest: 1\nmcpServers:\n{\n\t"a": { "command": "x" }\n}\n'],
    [
      "with comments and commas at the end",
      '"mcpServers": { // note\n\t/* two\n\tlines */ "a": {\n\t\t"command": "x", // note }\n\t},\n}\nrest: 1\n',
    ],
  ])("is understood %s", (_what, text) => {
    expect(read(text)).toEqual({ rest: 1, mcpServers: { a: { command: "x" } } });
    expect(withPastedJson(text).split("\n")).toHaveLength(text.split("\n").length);
  });

  it.each([
    ["before", '{\n\t"mcpServers": { "a": {\n\t\t"command": "x" }\n\t}, // all\n}\nrest: 1\n'],
    ["after", 'rest: 1\n# from another host\n{\n  "mcpServers": {\n    "a": { "command": "x" }\n  }\n}\n'],
  ])("is understood as a whole file that was pasted %s other keys", (_what, text) => {
    expect(read(text)).toEqual({ rest: 1, mcpServers: { a: { command: "x" } } });
    expect(withPastedJson(text).split("\n")).toHaveLength(text.split("\n").length);
  });

  it("is understood as a whole file of several members, whatever stands in them", () => {
    const text = 'rest: 1\n{\n  "inputs": [\n    { "id": "}," }\n  ],\n  "servers": {},\n  "n": 1\n}\n';
    expect(read(text)).toEqual({ rest: 1, inputs: [{ id: "}," }], servers: {}, n: 1 });
  });

  it("is understood as a list", () => {
    expect(read('"inputs": [\n\t{\n\t\t"id": "x",\n\t},\n],\n')).toEqual({ inputs: [{ id: "x" }] });
  });

  it("keeps what stands in its strings", () => {
    const value = { "a//b": '/* \\ " , } \t */' };
    const text = `"k": {\n\t"v": ${JSON.stringify(value)}\n}\n`;
    expect(read(text)).toEqual({ k: { v: value } });
  });

  it.each(["a: {\n  b: x\n}\n", '"a": {\n  "b": \n}\n', '"a": {\n  "b": 1\n', "text: |\n  {\n    x\n  }\n"])(
    "leaves everything else alone: %j",
    (text) => {
      expect(withPastedJson(text)).toBe(text);
    },
  );
});
