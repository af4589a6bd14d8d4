import { describe, expect, it } from "@jest/globals";
import { HoldfastConfig } from "./config.ts";

const minimal = { agents: { assistant: { model: "m" } } };
const problems = (config: unknown): string[] =>
  (HoldfastConfig.safeParse(config).error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);

describe("holdfast.yaml", () => {
  it("[config.defaults] needs no more than an agent and its model", () => {
    const config = HoldfastConfig.parse(minimal);
    expect(config.agents["assistant"]).toMatchObject({
      api: "chat",
      max_steps: 16,
      budget: { tokens_per_run: 200_000, seconds_per_run: 600, tool_calls_per_run: 64 },
    });
    expect(config.terminal).toMatchObject({ timeout_ms: 30_000, output_cap_bytes: 65_536 });
  });

  it.each([
    ["no agent", { agents: {} }, "agents: "],
    [
      "an agent named like a UUID",
      { agents: { "a0000000-0000-4000-8000-000000000000": { model: "m" } } },
      "agents.a0000000",
    ],
    ["an agent with a capital letter", { agents: { Assistant: { model: "m" } } }, "agents.Assistant"],
    ["a misspelt key", { agents: { assistant: { model: "m", max_step: 3 } } }, "agents.assistant"],
    ["a limit of zero", { agents: { assistant: { model: "m", max_steps: 0 } } }, "agents.assistant.max_steps"],
    ["a server without a command", { ...minimal, mcpServers: { files: {} } }, "mcpServers.files"],
    ["a server named terminal", { ...minimal, mcpServers: { terminal: { command: "x" } } }, "mcpServers"],
    [
      "an unknown approval rule",
      { agents: { assistant: { model: "m", approvals: { terminal: "sometimes" } } } },
      "agents.assistant.approvals.terminal",
    ],
  ])("[config.refused] refuses %s and says where", (_what, config, where) => {
    expect(problems(config).some((problem) => problem.startsWith(where))).toBe(true);
  });

  it("[config.paste] takes mcpServers of other hosts and the `servers` of VS Code as they are", () => {
    const server = { type: "stdio", command: "npx", args: ["-y", "some-server"], env: { KEY: "v" }, autoApprove: [] };
    expect(problems({ ...minimal, mcpServers: { some: server } })).toEqual([]);
    for (const file of [
      { servers: { some: server }, inputs: [] },
      { mcp: { servers: { some: server }, inputs: [] } },
    ]) {
      expect(HoldfastConfig.parse({ ...minimal, ...file }).mcpServers["some"]?.command).toBe("npx");
    }
    const both = { ...minimal, servers: { one: server }, mcpServers: { other: server } };
    expect(Object.keys(HoldfastConfig.parse(both).mcpServers)).toEqual(["one", "other"]);
  });

  it("[config.paste] gives servers with other hosts' names a toolset's name, unless two would get the same", () => {
    const named = (...names: string[]) => {
      const servers = Object.fromEntries(names.map((name) => [name, { command: "x" }]));
      const parsed = HoldfastConfig.safeParse({ ...minimal, mcpServers: servers });
      return parsed.success ? Object.keys(parsed.data.mcpServers) : "refused";
    };
    expect(named("microsoft/playwright-mcp", "Brave Search (work)", "a.b_c")).toEqual([
      "microsoft-playwright-mcp",
      "Brave-Search-work",
      "a.b_c",
    ]);
    expect(named("a/b", "a-b")).toBe("refused");
    expect(named("a/b", "a b")).toBe("refused");
    expect(named("日本")).toBe("refused");
  });

  it("[config.paste] takes numbers, booleans and null as values of variables", () => {
    const server = { command: "x", env: { PORT: 8080, DEBUG: true, NONE: null, TEXT: "t" } };
    const { mcpServers } = HoldfastConfig.parse({ ...minimal, mcpServers: { server } });
    expect(mcpServers["server"]?.env).toEqual({ PORT: "8080", DEBUG: "true", TEXT: "t" });
  });
});
