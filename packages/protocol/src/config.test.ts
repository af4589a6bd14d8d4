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
    expect(HoldfastConfig.parse({ ...minimal, servers: { some: server } }).mcpServers["some"]?.command).toBe("npx");
  });
});
