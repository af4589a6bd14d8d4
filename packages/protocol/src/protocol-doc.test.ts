import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parse as parseYaml } from "yaml";
import { HoldfastConfig } from "./config.ts";
import { MessageEnvelope } from "./envelope.ts";
import { StreamEvent } from "./events.ts";
import { ToolCall, ToolResult } from "./tools.ts";

const doc = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");

/** Fields every event has, and those it has when it belongs to a run (protocol §3.2). */
const COMMON = ["event", "conversation_id", "created_at", "run_id", "agent", "attempt"];
const schemas = new Map(StreamEvent.options.map((schema) => [schema.shape.event.value as string, schema]));

/** Names in a cell such as `status, message_id, reason?, error? {code, message}`, with whether each may be left out. */
function documentedFields(cell: string): Map<string, boolean> {
  const flat = cell
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/:[^,`]*/g, "")
    .replaceAll("`", "");
  const names = flat.split(",").map((name) => name.trim());
  return new Map(names.filter(Boolean).map((name) => [name.replace("?", ""), name.endsWith("?")]));
}

const eventRows = [...doc.matchAll(/^\| `([a-z_]+)` \| `(.+?)` \| /gm)].filter(([, name = ""]) => schemas.has(name));

describe("docs/protocol.md", () => {
  it("[protocol.doc] has a row for every event and an event for every row", () => {
    expect(eventRows.map(([, name = ""]) => name).toSorted()).toEqual([...schemas.keys()].toSorted());
  });

  it.each(eventRows.map(([, name = "", cell = ""]) => [name, cell]))(
    "[protocol.doc] documents exactly the fields of %s",
    (name, cell) => {
      const shape = schemas.get(name)?.shape as Record<string, { isOptional?: () => boolean; def?: { type: string } }>;
      const own = Object.keys(shape).filter((field) => !COMMON.includes(field));
      const documented = documentedFields(cell.replaceAll("\\|", "/"));
      expect([...documented.keys()].toSorted()).toEqual(own.toSorted());
      for (const [field, isOptional] of documented) {
        const accepts = shape[field] as { safeParse(value: unknown): { success: boolean } };
        expect(`${field} optional: ${accepts.safeParse(undefined).success}`).toBe(
          `${field} optional: ${isOptional || field === "args"}`,
        );
      }
    },
  );

  it("[protocol.doc] names the fields of envelope, tool call and tool result", () => {
    const braces = (start: string): string => {
      const from = doc.indexOf("{", doc.indexOf(start));
      let depth = 0;
      for (let at = from; at < doc.length; at += 1) {
        if (doc[at] === "{") depth += 1;
        if (doc[at] === "}" && (depth -= 1) === 0) return doc.slice(from + 1, at);
      }
      throw new Error(`${start} is not in the document`);
    };
    const names = (text: string): string[] =>
      [...documentedFields(text.replaceAll("\n", " ").replaceAll(/\[[^\]]*\]/g, "")).keys()].toSorted();
    expect(names(braces("2.8 MessageEnvelope"))).toEqual(Object.keys(MessageEnvelope.shape).toSorted());
    expect(names(braces("2.7 ToolCall"))).toEqual(Object.keys(ToolCall.shape).toSorted());
    expect(names(braces("exactly once per call, ToolResult"))).toEqual(Object.keys(ToolResult.shape).toSorted());
  });

  it("[config.example] has a configuration that is valid", () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(doc)?.[1] ?? "";
    const parsed = HoldfastConfig.safeParse(parseYaml(yaml.replace("https://…/mcp", "https://example.com/mcp")));
    expect(parsed.error?.issues ?? []).toEqual([]);
  });
});
