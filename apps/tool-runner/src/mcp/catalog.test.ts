import type { Tool } from "@modelcontextprotocol/client";
import { McpServerConfig } from "@holdfast/protocol";
import { describe, expect, it } from "@jest/globals";
import { buildCatalog, type Catalog } from "./catalog.ts";
import { resolveServer } from "./config.ts";

const tool = (more: Partial<Tool> = {}): Tool => ({
  name: "a",
  description: "A tool",
  inputSchema: { type: "object" },
  ...more,
});

async function build(tools: readonly Tool[], holdfast: object = {}, previous: Catalog = new Map()) {
  const problems: string[] = [];
  const server = resolveServer("one", McpServerConfig.parse({ command: "node", holdfast }), "/");
  return { catalog: await buildCatalog(server, tools, previous, (problem) => problems.push(problem)), problems };
}
const hashOf = async (definition: Tool) => (await build([definition])).catalog.get("a")?.tool.definition_sha256;

describe("the catalog of a server", () => {
  it("[mcp.pinned] gives a definition a hash that any change of it changes, and the order of its keys does not", async () => {
    const changed = [
      tool({ description: "Another" }),
      tool({ title: "A" }),
      tool({ inputSchema: { type: "object", properties: { a: {} } } }),
      tool({ annotations: { readOnlyHint: true } }),
    ];
    const hashes = await Promise.all([tool(), ...changed].map(hashOf));
    expect(new Set(hashes).size).toBe(5);
    expect(await hashOf({ inputSchema: { type: "object" }, description: "A tool", name: "a" })).toBe(hashes[0]);
  });

  it("[mcp.trust] believes hints only of a trusted server, and shows them of any", async () => {
    const hinted = tool({ annotations: { readOnlyHint: true, idempotentHint: false } });
    const untrusted = (await build([hinted])).catalog.get("a")?.tool;
    expect(untrusted).toMatchObject({ annotations: { readOnlyHint: true } });
    expect(untrusted).not.toHaveProperty("read_only");
    expect((await build([hinted], { trust: true })).catalog.get("a")?.tool).toMatchObject({
      read_only: true,
      idempotent: false,
    });
    expect((await build([tool()], { trust: true })).catalog.get("a")?.tool).not.toHaveProperty("read_only");
  });

  it("takes unchanged tools over, so that a refresh compiles only what changed", async () => {
    const { catalog } = await build([tool(), tool({ name: "b" })]);
    const { catalog: refreshed } = await build([tool(), tool({ name: "b", description: "New" })], {}, catalog);
    expect(refreshed.get("a")).toBe(catalog.get("a"));
    expect(refreshed.get("b")).not.toBe(catalog.get("b"));
  });

  it("keeps the first of two tools with one name and says so", async () => {
    const { catalog, problems } = await build([tool(), tool({ description: "an impostor" })]);
    expect(catalog.get("a")?.tool.description).toBe("A tool");
    expect(problems).toEqual(['tool "a" was dropped: another has the same name']);
  });

  for (const [allow, deny, names] of [
    [["*"], [], ["read", "read_all", "write"]],
    [["read*"], [], ["read", "read_all"]],
    [["*e*"], ["*_*"], ["read", "write"]],
    [["w*r*i*te"], [], ["write"]],
    [["re*ead"], [], []],
    [["read"], ["read"], []],
  ] as const) {
    it(`offers ${names.join(", ") || "nothing"} where ${allow.join(", ")} is allowed and ${deny.join(", ") || "nothing"} denied`, async () => {
      const tools = ["read", "read_all", "write"].map((name) => tool({ name }));
      expect([...(await build(tools, { allow, deny })).catalog.keys()]).toEqual(names);
    });
  }
});
