import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { McpServerConfig } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { testHost, type TestHost } from "./fixture/fixture-host.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

const folder = mkdtempSync(join(tmpdir(), "official-servers-"));
let test: TestHost;

function official(name: string, args: readonly string[] = [], env: Record<string, string> = {}): McpServerConfig {
  const manifest = createRequire(import.meta.url).resolve(`@modelcontextprotocol/${name}/package.json`);
  return McpServerConfig.parse({
    command: process.execPath,
    args: [join(dirname(manifest), "dist", "index.js"), ...args],
    env,
  });
}

describe("the other official servers over stdio", () => {
  beforeAll(async () => {
    writeFileSync(join(folder, "note.txt"), "what was written down");
    test = testHost(() => ({
      files: official("server-filesystem", [folder]),
      memory: official("server-memory", [], { MEMORY_FILE_PATH: join(folder, "memory.jsonl") }),
      thinking: official("server-sequential-thinking"),
    }));
    await test.host.start();
  });
  afterAll(async () => {
    await test.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("[mcp.official] are all ready with their tools", () => {
    expect(test.host.toolsets().map(({ toolset, state, error }) => ({ toolset, state, error }))).toEqual([
      { toolset: "files", state: "ready" },
      { toolset: "memory", state: "ready" },
      { toolset: "thinking", state: "ready" },
    ]);
  });

  it("[mcp.official] read and refuse files", async () => {
    const read = await test.call("files", "read_text_file", { path: join(folder, "note.txt") });
    expect(read).toMatchObject({ status: "completed", content: [{ type: "text", text: "what was written down" }] });
    const outside = await test.call("files", "read_text_file", { path: "/etc/hostname" });
    expect(outside.status).toBe("failed");
    expect(outside.content[0]?.text).toContain("outside allowed directories");
  });

  it("[mcp.official] remember", async () => {
    const entities = [{ name: "Ada", entityType: "person", observations: ["wrote the first program"] }];
    expect((await test.call("memory", "create_entities", { entities })).status).toBe("completed");
    expect(await test.call("memory", "search_nodes", { query: "Ada" })).toMatchObject({
      status: "completed",
      structured: { entities },
    });
  });

  it("[mcp.official] think", async () => {
    const thought = { thought: "First things first.", nextThoughtNeeded: true, thoughtNumber: 1, totalThoughts: 2 };
    expect(await test.call("thinking", "sequentialthinking", thought)).toMatchObject({
      status: "completed",
      structured: { thoughtNumber: 1, totalThoughts: 2 },
    });
  });
});

describe("twenty servers at once", () => {
  afterAll(() => test.stop());

  it("[mcp.twenty] are all ready, and all answer at the same time", async () => {
    const kinds = {
      everything: { server: official("server-everything"), tool: "echo", args: { message: "hi" } },
      files: { server: official("server-filesystem", [tmpdir()]), tool: "list_allowed_directories", args: {} },
      memory: { server: official("server-memory"), tool: "read_graph", args: {} },
      thinking: {
        server: official("server-sequential-thinking"),
        tool: "sequentialthinking",
        args: { thought: "One of many.", nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
      },
    };
    const servers = Object.entries(kinds).flatMap(([kind, { server, ...call }]) =>
      Array.from({ length: 5 }, (_, at) => ({ toolset: `${kind}-${at}`, server, ...call })),
    );
    test = testHost(() => Object.fromEntries(servers.map(({ toolset, server }) => [toolset, server])));
    await test.host.start();
    expect(test.host.toolsets().map(({ state, error }) => error ?? state)).toEqual(servers.map(() => "ready"));
    const outcomes = await Promise.all(servers.map(({ toolset, tool, args }) => test.call(toolset, tool, args)));
    expect(outcomes.map(({ status }) => status)).toEqual(servers.map(() => "completed"));
  });
});
