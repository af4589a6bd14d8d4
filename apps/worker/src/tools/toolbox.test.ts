import type { CatalogToolset } from "@holdfast/bus";
import { expect, it } from "@jest/globals";
import { mayOffer, Toolbox } from "./toolbox.ts";

const toolset = (name: string, tools: string[], state = "ready"): CatalogToolset => ({
  toolset: name,
  state,
  tools: tools.map((own) => ({
    name: `${name}__${own}`,
    own_name: own,
    description: own,
    input_schema: { type: "object" },
    timeout_ms: 1_000,
    definition_sha256: `${name}/${own}`,
  })),
});
const CATALOG = [toolset("terminal", ["run"]), toolset("files", ["read", "write"]), toolset("down", ["x"], "failed")];
const names = (patterns: string[]) => new Toolbox(CATALOG, patterns).modelTools.map(({ name }) => name);

it("offers by toolset, by name and by glob", () => {
  expect(names([])).toEqual([]);
  expect(names(["terminal"])).toEqual(["terminal__run"]);
  expect(names(["files__read"])).toEqual(["files__read"]);
  expect(names(["files__*"])).toEqual(["files__read", "files__write"]);
  expect(names(["*"])).toEqual(["terminal__run", "files__read", "files__write"]);
});

it("takes the signs of a pattern literally, except the star", () => {
  expect(names(["files__rea."])).toEqual([]);
  expect(names(["*__w*e"])).toEqual(["files__write"]);
});

it("[tool.denied] leaves out what a pattern with ! names, wherever that stands", () => {
  expect(names(["*", "!files__w*"])).toEqual(["terminal__run", "files__read"]);
  expect(names(["!terminal", "*"])).toEqual(["files__read", "files__write"]);
  expect(names(["files__read", "!files__read"])).toEqual([]);
  expect(names(["!files"])).toEqual([]);
  expect(mayOffer(["*", "!files"], "files")).toBe(false);
  expect(mayOffer(["*", "!files__write"], "files")).toBe(true);
});

it("does not offer the tools of a toolset that failed", () => {
  expect(names(["down"])).toEqual([]);
});

it("resolves exact names, and a toolset's own name where it has one tool", () => {
  const toolbox = new Toolbox(CATALOG, ["terminal", "files__*"]);
  expect(toolbox.resolve("files__read")?.tool.own_name).toBe("read");
  expect(toolbox.resolve("terminal")?.tool.name).toBe("terminal__run");
  expect(toolbox.resolve("files")).toBeUndefined();
  expect(new Toolbox(CATALOG, ["terminal"]).resolve("files__read")).toBeUndefined();
});
