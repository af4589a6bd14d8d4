import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { fixtureServer, isRunning, testHost, type TestHost } from "./fixture/fixture-host.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

let test: TestHost;
const starts = () => test.journal.lines("start ").length;

/** One server whose framing has to be found out. */
async function connect(flags: readonly string[], holdfast: object = {}, silentMs = 6000): Promise<void> {
  const server = (journal: string) => fixtureServer(["--journal", journal, ...flags], { framing: "auto", ...holdfast });
  test = testHost((journal) => ({ one: server(journal) }), { probeMs: 1000, silentMs });
  await test.host.start();
}

describe("finding out how a server speaks", () => {
  afterEach(() => test.stop());

  it("[mcp.framing] finds Content-Length in a fresh process, and starts there again next time", async () => {
    await connect(["--framing", "content-length"]);
    expect(test.state("one")).toBe("ready");
    const found = starts();
    expect(found).toBeGreaterThan(1);
    await test.call("one", "die");
    expect(await test.call("one", "echo", { text: "a" })).toMatchObject({ status: "completed" });
    expect(starts()).toBe(found + 1);
  });

  it("never runs two processes of a server at a time, however reluctantly one ends", async () => {
    await connect(["--refuse-initialize", "--stubborn"]);
    expect(starts()).toBe(2);
    expect(test.journal.lines("overlap")).toEqual([]);
    await test.host.close();
    expect(test.journal.pids().some(isRunning)).toBe(false);
  });

  it("asks plainly where the server exits on a request it does not know", async () => {
    await connect(["--exit-on-unknown"], {}, 30_000);
    expect(test.state("one")).toBe("ready");
    expect(starts()).toBe(2);
    expect(test.journal.lines("recv server/discover")).toHaveLength(1);
  });

  it("waits at last for a server that is only slow to start", async () => {
    await connect(["--slow-start", "2500"], {}, 1000);
    expect(test.state("one")).toBe("ready");
    expect(await test.call("one", "echo", { text: "a" })).toMatchObject({ status: "completed" });
  });

  it("[mcp.init-timeout] gives up after the init timeout where the framing is known", async () => {
    await connect(["--silent"], { framing: "newline", init_timeout_ms: 1500 });
    expect(test.state("one")).toBe("backoff");
    expect(test.host.toolsets()[0]?.error).toContain("never answered the handshake");
  });

  it("reports why a handshake was refused", async () => {
    await connect(["--refuse-initialize"], { framing: "newline", init_timeout_ms: 3000 });
    const [one] = test.host.toolsets();
    expect(one?.state).toBe("backoff");
    expect(one?.error).toContain("Method not found");
  });
});
