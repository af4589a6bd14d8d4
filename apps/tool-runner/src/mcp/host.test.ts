import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { eventually, fixtureServer, isRunning, testHost, type TestHost } from "./fixture/fixture-host.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

let test: TestHost;
const tools = (toolset: string) => test.host.toolsets().find((one) => one.toolset === toolset)?.tools ?? [];
const received = (method: string) => test.journal.lines(`recv ${method} `);

describe("calls to one server", () => {
  beforeAll(async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal], { tool_timeout_ms: 800 }) }));
    await test.host.start();
  });
  afterAll(() => test.stop());

  it("[mcp.ids] carries the numeric ids 1, 2, 3 in the order of the requests", async () => {
    await test.call("one", "echo", { text: "a" });
    const ids = test.journal.lines("recv ").map((line) => JSON.parse(line.split(" ")[2] ?? "") as unknown);
    expect(ids.filter((id) => id !== null)).toEqual([1, 2, 3, 4]);
  });

  it("[mcp.cancel] answers a cancelled call at once, tells the server, and frees the slot", async () => {
    const aborter = new AbortController();
    const before = received("tools/call").length;
    const calls = Array.from({ length: 4 }, () => test.call("one", "never", {}, { signal: aborter.signal }));
    await eventually(() => received("tools/call").length === before + 4);
    aborter.abort();
    for (const outcome of await Promise.all(calls)) expect(outcome).toMatchObject({ status: "cancelled" });
    const called = received("tools/call")
      .slice(before)
      .map((line) => line.split(" ")[2]);
    await eventually(() => received("notifications/cancelled").length === 4);
    expect(received("notifications/cancelled").map((line) => line.split(" ")[2])).toEqual(called);
    expect(await test.call("one", "echo", { text: "free" })).toMatchObject({ status: "completed" });
  });

  it("[mcp.timeout] fails a call without a sign of life, and its late answer reaches nobody", async () => {
    const outcome = await test.call("one", "sleep", { ms: 1000 });
    expect(outcome).toMatchObject({ status: "failed", error: { code: "timeout" } });
    expect(outcome.duration_ms).toBeGreaterThanOrEqual(790);
    expect(await test.call("one", "sleep", { ms: 400 })).toMatchObject({ content: [{ text: "slept" }] });
  });

  it("takes progress for a sign of life and passes it on, but not beyond the deadline", async () => {
    const progress: number[] = [];
    const onProgress = (event: { progress: number }) => progress.push(event.progress);
    const long = await test.call("one", "progress", { steps: 5, ms: 300 }, { onProgress });
    expect(long).toMatchObject({ status: "completed", content: [{ text: "5 steps" }] });
    expect(progress).toEqual([1, 2, 3, 4, 5]);
    const cut = await test.call("one", "progress", { steps: 50, ms: 100 }, { timeoutMs: 500 });
    expect(cut).toMatchObject({ status: "failed", error: { code: "timeout" } });
    expect(cut.duration_ms).toBeLessThan(800);
  });

  it("[mcp.arguments] refuses arguments that do not fit before anything is sent", async () => {
    const before = received("tools/call").length;
    const outcome = await test.call("one", "echo", { text: 5 });
    expect(outcome).toMatchObject({ status: "failed", error: { code: "invalid_arguments" } });
    expect(outcome.content[0]?.text).toContain("/text must be string");
    expect(received("tools/call")).toHaveLength(before);
  });

  it("[mcp.before-send] waits for the caller's journal before the first byte, and sends nothing when it rejects", async () => {
    const before = received("tools/call").length;
    let sentBefore: number | undefined;
    const onBeforeSend = async () => {
      await new Promise(setImmediate);
      sentBefore = received("tools/call").length;
    };
    await test.call("one", "echo", { text: "a" }, { onBeforeSend });
    expect(sentBefore).toBe(before);
    const refuse = () => Promise.reject(new Error("taken"));
    await expect(test.call("one", "echo", { text: "a" }, { onBeforeSend: refuse })).rejects.toThrow("taken");
    expect(received("tools/call")).toHaveLength(before + 1);
    expect(await test.call("one", "echo", { text: "a" })).toMatchObject({ status: "completed" });
  });

  it("[mcp.odd-content] keeps a result whose content has odd items", async () => {
    const { status, content } = await test.call("one", "odd-content");
    expect(status).toBe("completed");
    expect(content.map(({ text }) => text)).toEqual([
      "fine",
      '[content of an unknown kind] {"type":"hologram","data":1}',
      "bare string",
      "odd",
      "[content of an unknown kind] null",
      "[image: image/png, 5 bytes]",
    ]);
  });

  for (const [name, args, status, code] of [
    ["structured", { sum: 5 }, "completed", undefined],
    ["structured", { sum: "five" }, "failed", "invalid_structured_content"],
    ["structured", { omit: true }, "failed", "invalid_structured_content"],
    ["error", {}, "failed", "tool_error"],
    ["rpc-error", {}, "failed", "rpc_error"],
    ["malformed", {}, "failed", "invalid_response"],
    ["no-such-tool", {}, "failed", "unknown_tool"],
  ] as const) {
    it(`[mcp.results] answers ${name} ${JSON.stringify(args)} with ${status} ${code ?? ""}`, async () => {
      const outcome = await test.call("one", name, args);
      expect(outcome.status).toBe(status);
      expect(outcome.error?.code).toBe(code);
    });
  }

  it("takes only the first of two answers", async () => {
    expect(await test.call("one", "twice")).toMatchObject({ content: [{ text: "first" }] });
    expect(await test.call("one", "echo", { text: "next" })).toMatchObject({ content: [{ text: "next" }] });
  });

  it("[mcp.environment] gives the server a minimal environment", async () => {
    const { content } = await test.call("one", "env");
    const names = Object.keys(JSON.parse(content[0]?.text ?? "") as object);
    expect(names).toContain("PATH");
    expect(["PATH", "HOME", "LANG", "TERM", "USER", "TMPDIR", "MCP_SERVER_MARK"]).toEqual(
      expect.arrayContaining(names),
    );
  });

  it("carries the trace context in _meta", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { content } = await test.call("one", "meta", {}, { traceparent });
    expect(JSON.parse(content[0]?.text ?? "")).toMatchObject({ traceparent });
  });

  it("answers what servers ask of clients with method not found", async () => {
    await test.call("one", "ask-client");
    await eventually(() => received("response").length === 2);
    expect(received("response")).toEqual(['recv response "server-1" -32601', "recv response 1 -32601"]);
  });

  it("[mcp.list-changed] reads changed tools without a restart, at most twice a second", async () => {
    const before = received("tools/list").length;
    await test.call("one", "change-tools");
    await eventually(() => tools("one").some(({ name }) => name === "added-21"));
    expect(received("tools/list").length - before).toBeLessThanOrEqual(2);
    expect(test.journal.lines("start ")).toHaveLength(1);
  });

  it("never logs what is called with or answered", () => {
    expect(test.log()).not.toContain("free");
  });
});

describe("a server that dies", () => {
  afterEach(() => test.stop());

  it("[mcp.unknown] leaves a call that was sent unknown, within seconds, and is started again by the next", async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal]) }));
    await test.host.start();
    const outcome = await test.call("one", "die");
    expect(outcome).toMatchObject({ status: "unknown", error: { code: "outcome_unknown" } });
    expect(outcome.error?.message).toContain("exited with code 9");
    expect(outcome.duration_ms).toBeLessThan(5000);
    expect(tools("one")).not.toHaveLength(0);
    expect(await test.call("one", "echo", { text: "again" })).toMatchObject({ content: [{ text: "again" }] });
    expect(test.journal.lines("call die")).toHaveLength(1);
  });

  it("[mcp.repeat] gets a read-only call again only where it is trusted", async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal], { trust: true }) }));
    await test.host.start();
    expect(await test.call("one", "die-once")).toMatchObject({ content: [{ text: "alive again" }] });
    await test.stop();
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal]) }));
    await test.host.start();
    expect(await test.call("one", "die-once")).toMatchObject({ status: "unknown" });
    expect(test.journal.lines("call die-once")).toHaveLength(1);
  });

  it("[mcp.not-sent] while idle costs the next call nothing but the wait", async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal]) }));
    await test.host.start();
    process.kill(test.journal.pids().at(-1) ?? 0, "SIGKILL");
    await eventually(() => test.state("one") !== "ready");
    expect(await test.call("one", "echo", { text: "a" })).toMatchObject({ status: "completed" });
    expect(test.journal.lines("start ")).toHaveLength(2);
  });

  it("[mcp.death] is noticed although a grandchild holds its pipes, and the grandchild dies too", async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal, "--grandchild"]) }));
    await test.host.start();
    const outcome = await test.call("one", "die");
    expect(outcome).toMatchObject({ status: "unknown" });
    expect(outcome.duration_ms).toBeLessThan(2000);
    await eventually(() => test.journal.pids().every((pid) => !isRunning(pid)));
  });
});

describe("what a server may do with its stream", () => {
  afterEach(() => test.stop());

  it("[mcp.noise] noise, pieces, byte order marks, CRLF and a flood on stderr do no harm", async () => {
    test = testHost(() => ({
      one: fixtureServer(["--noise", "--split", "--bom", "--crlf", "--stderr-flood"]),
    }));
    await test.host.start();
    expect(await test.call("one", "echo", { text: "é😀" })).toMatchObject({ content: [{ text: "é😀" }] });
  });

  it("[mcp.oversize] a message over the cap fails only the call it answers", async () => {
    test = testHost((journal) => ({ one: fixtureServer(["--journal", journal]) }));
    await test.host.start();
    const large = test.call("one", "big", { bytes: 17 * 1024 * 1024 });
    const small = test.call("one", "echo", { text: "a" });
    expect(await large).toMatchObject({ status: "failed", error: { code: "result_too_large" } });
    expect(await small).toMatchObject({ status: "completed" });
    expect(test.journal.lines("start ")).toHaveLength(1);
  });

  it("[mcp.content-length] Content-Length is found by itself, called one at a time, and ended by shutdown", async () => {
    test = testHost((journal) => ({
      one: fixtureServer(["--journal", journal, "--framing", "content-length", "--split"], { framing: "auto" }),
    }));
    await test.host.start();
    expect(await test.call("one", "echo", { text: "é😀" })).toMatchObject({ content: [{ text: "é😀" }] });
    const startedAt = performance.now();
    await Promise.all([1, 2, 3].map(() => test.call("one", "sleep", { ms: 200 })));
    expect(performance.now() - startedAt).toBeGreaterThan(590);
    await test.host.close();
    expect(test.journal.lines().slice(-2)).toEqual([expect.stringContaining("recv shutdown"), "eof"]);
  });

  for (const flag of ["--string-ids", "--wrong-ids"]) {
    it(`[mcp.ids] answers under ${flag.slice(2)} reach no call`, async () => {
      test = testHost(() => ({ one: fixtureServer([flag]) }));
      await test.host.start();
      expect(await test.call("one", "echo", { text: "a" }, { timeoutMs: 500 })).toMatchObject({
        error: { code: "timeout" },
      });
      expect(test.state("one")).toBe("ready");
    });
  }
});
