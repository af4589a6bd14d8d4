import { tmpdir } from "node:os";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { McpServerConfig } from "@holdfast/protocol";
import { resolveServer } from "./config.ts";
import { eventually, fixtureServer, isRunning, memoryLog, testHost, type TestHost } from "./fixture/fixture-host.ts";
import { createMcpHost, type ToolsetState } from "./host.ts";
import { Sandboxes } from "./sandboxes.ts";
import { Supervisor } from "./supervisor.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

let test: TestHost;
const toolset = (name: string) => test.host.toolsets().find((one) => one.toolset === name);
const toolNames = (name: string) => toolset(name)?.tools.map((tool) => tool.model_name) ?? [];

describe("many servers", () => {
  afterEach(() => test.stop());

  it("[mcp.isolation] one bad server never hides or slows another", async () => {
    test = testHost((journal) => ({
      silent: fixtureServer(["--journal", journal, "--silent"], { init_timeout_ms: 60_000 }),
      dead: fixtureServer(["--exit-at-start"]),
      missing: McpServerConfig.parse({ command: "/no/such/command" }),
      homeless: fixtureServer([], {}, { cwd: "/no/such/directory" }),
      good: fixtureServer([]),
    }));
    const started = test.host.start();
    expect(await test.call("good", "echo", { text: "a" })).toMatchObject({ status: "completed" });
    expect(test.state("silent")).toBe("starting");
    await eventually(() => ["dead", "missing", "homeless"].every((name) => test.state(name) !== "starting"));
    expect(toolset("dead")?.error).toContain("exited with code 3; stderr: fatal: no configuration found");
    expect(toolset("missing")?.error).toContain("cannot be started (ENOENT)");
    expect(toolset("homeless")?.error).toContain("working directory does not exist");
    expect(await test.call("missing", "echo")).toMatchObject({
      status: "failed",
      error: { code: "server_unavailable" },
    });
    expect(await test.call("nowhere", "echo")).toMatchObject({ error: { code: "unknown_toolset" } });
    // A close does not wait for what is still starting.
    const closingAt = performance.now();
    await test.host.close();
    expect(performance.now() - closingAt).toBeLessThan(15_000);
    await started;
    expect(test.journal.pids().some(isRunning)).toBe(false);
  });

  it("[mcp.bad-tools] shows the good tools of a server with bad ones, and says what is wrong", async () => {
    test = testHost(() => ({ one: fixtureServer(["--bad-tools"]) }));
    await test.host.start();
    expect(test.state("one")).toBe("degraded");
    expect(toolset("one")?.error).toContain('tool "no-schema" was dropped');
    expect(toolNames("one")).toEqual(expect.arrayContaining(["one__echo", "one__odd-description"]));
    const bad = /remote-ref|bad-pattern|no-schema|array-schema|wrong-type|bad-required/;
    expect(toolNames("one").filter((name) => bad.test(name))).toEqual([]);
    const tools = toolset("one")?.tools ?? [];
    expect(tools.find(({ name }) => name === "echo")?.description).toBe("The tool echo");
    const hidden = tools.find(({ name }) => name === "hidden.text");
    expect(hidden?.description).toBe("Reads a file");
    expect(hidden?.model_name).toMatch(/^one__hidden_text_[0-9a-f]{8}$/);
    expect(await test.call("one", "echo", { text: "a" })).toMatchObject({ status: "completed" });
  });

  it("offers only what allow and deny leave, and calls nothing else", async () => {
    test = testHost(() => ({ one: fixtureServer([], { allow: ["e*", "sleep"], deny: ["*v", "error"] }) }));
    await test.host.start();
    expect(toolNames("one")).toEqual(["one__echo", "one__sleep"]);
    expect(await test.call("one", "die")).toMatchObject({ error: { code: "unknown_tool" } });
  });

  it("[mcp.names] keeps names and definitions the same over a restart", async () => {
    test = testHost(() => ({ one: fixtureServer(["--tools", "a.b,a_b"]) }));
    await test.host.start();
    const before = toolset("one")?.tools;
    expect(new Set(before?.map(({ model_name }) => model_name)).size).toBe(before?.length);
    await test.host.reload({ one: fixtureServer(["--tools", "a.b,a_b"], { tool_timeout_ms: 5 }) });
    const after = toolset("one")?.tools;
    const identity = (tools: typeof before) =>
      tools?.map(({ model_name, definition_sha256 }) => [model_name, definition_sha256]);
    expect(identity(after)).toEqual(identity(before));
  });

  it.each(["same", "new"])(
    "uses the first tools of a list that never ends, with the %s cursor each time",
    async (cursor) => {
      test = testHost((journal) => ({ one: fixtureServer(["--journal", journal, "--endless-tools", cursor]) }));
      await test.host.start();
      expect(test.state("one")).toBe("degraded");
      expect(toolset("one")?.error).toContain("tools/list does not end");
      expect(toolNames("one")).toContain("one__echo");
      expect(test.journal.lines("recv tools/list").length).toBeLessThanOrEqual(cursor === "same" ? 2 : 64);
    },
  );

  it("gives up a server that never lists its tools, and leaves no process", async () => {
    test = testHost((journal) => ({
      one: fixtureServer(["--journal", journal, "--silent-tools"], { init_timeout_ms: 2000 }),
    }));
    await test.host.start();
    expect(test.state("one")).toBe("backoff");
    await test.host.close();
    expect(test.journal.pids().some(isRunning)).toBe(false);
  });

  it("[mcp.reload] replaces only the servers whose configuration changed, and lets running calls finish", async () => {
    const configs = (journal: string) => ({
      same: fixtureServer(["--journal", journal]),
      gone: fixtureServer(["--journal", journal]),
    });
    test = testHost(configs);
    await test.host.start();
    const pids = test.journal.pids();
    const running = test.call("gone", "sleep", { ms: 700 });
    await eventually(() => test.journal.lines("call sleep").length === 1);
    const off = fixtureServer([], {}, { disabled: true });
    await test.host.reload({ same: configs(test.journal.path).same, added: fixtureServer([]), off });
    expect(test.host.toolsets().map(({ toolset: name, state }) => [name, state])).toEqual([
      ["same", "ready"],
      ["added", "ready"],
      ["off", "disabled"],
    ]);
    expect(await running).toMatchObject({ status: "completed" });
    await eventually(() => pids.filter(isRunning).length === 1);
    expect(test.journal.lines("start ")).toHaveLength(2);
  });

  it("tells about changes as they happen, and once for all of one moment", async () => {
    const told: (readonly ToolsetState[])[] = [];
    test = testHost(() => ({}));
    const host = createMcpHost({
      servers: { one: fixtureServer([]), two: fixtureServer([]) },
      baseDir: tmpdir(),
      logger: memoryLog().logger,
      onCatalogChange: (toolsets) => told.push(toolsets),
    });
    await host.start();
    await eventually(() => told.at(-1)?.every(({ state, tools }) => state === "ready" && tools.length > 0));
    expect(told[0]?.map(({ tools }) => tools)).toEqual([[], []]);
    await host.close();
    expect(told.length).toBeLessThanOrEqual(4);
  });
});

describe("a server given up on", () => {
  it("[mcp.breaker] is failed with its stderr shown, and calls to it fail at once", async () => {
    const { logger } = memoryLog();
    const policy = { recordSuccess: () => undefined, recordDeath: () => ({ delayMs: 60_000, isOpen: true }) };
    const server = resolveServer("one", fixtureServer(["--exit-at-start"]), tmpdir());
    const supervisor = new Supervisor(server, {
      logger,
      sandboxes: new Sandboxes(undefined),
      onChange: () => undefined,
      policy,
    });
    await supervisor.start();
    expect(supervisor.state).toBe("failed");
    expect(supervisor.error).toContain("stderr: fatal: no configuration found");
    await expect(supervisor.session(AbortSignal.timeout(5000))).rejects.toThrow("fatal: no configuration");
    await supervisor.close();
  });
});
