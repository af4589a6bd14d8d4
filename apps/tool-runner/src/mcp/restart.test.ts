import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { eventually, fixtureServer, isRunning, testHost, type TestHost } from "./fixture/fixture-host.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

let test: TestHost;
const health = () => test.host.toolsets()[0]?.health;

describe("an operator's restart of a server", () => {
  afterEach(() => test.stop());

  it("[mcp.restart] ends its process and starts another, and calls in flight end unknown", async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal]) }));
    await test.host.start();
    expect(health()).toEqual({ pid: test.journal.pids()[0], transport: "newline", restarts: 0 });
    expect(await test.call("one", "echo", { text: "a" })).toMatchObject({ status: "completed" });
    expect(health()?.latency_ms).toBeGreaterThanOrEqual(0);
    const inFlight = test.call("one", "never");
    await eventually(() => test.journal.lines("recv tools/call ").length === 2);
    await test.host.restart("one");
    expect(await inFlight).toMatchObject({ status: "unknown" });
    const [first, second] = test.journal.pids();
    expect(isRunning(first ?? 0)).toBe(false);
    expect(health()).toMatchObject({ pid: second, restarts: 1 });
    expect(test.state("one")).toBe("ready");
    expect(await test.call("one", "echo", { text: "b" })).toMatchObject({ status: "completed" });
  });

  it("[mcp.restart] starts at once also a server that was given up, whose last error stays known", async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal]) }));
    await test.host.start();
    for (let deaths = 0; deaths < 5; deaths += 1) {
      await test.host.restart("one");
      await test.call("one", "die");
    }
    expect(test.state("one")).toBe("failed");
    expect(health()?.pid).toBeUndefined();
    await test.host.restart("one");
    expect(test.state("one")).toBe("ready");
    expect(health()?.last_error?.message).toBeTruthy();
    expect(await test.call("one", "echo", { text: "b" })).toMatchObject({ status: "completed" });
  });

  it("does nothing where no server has the name", async () => {
    test = testHost(() => ({}));
    await test.host.restart("nothing");
    expect(test.host.toolsets()).toEqual([]);
  });
});
