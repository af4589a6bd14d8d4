import { describe, expect, it } from "@jest/globals";
import { PassThrough } from "node:stream";
import { createLogger } from "./logger.ts";
import type { LoggerOptions } from "./logger.ts";
import { registerSecret } from "./redaction.ts";

function logInto(options: Partial<LoggerOptions> = {}) {
  const destination = new PassThrough();
  const log = createLogger({ service: "worker", destination, ...options });
  const text = () => String(destination.read() ?? "");
  const lines = () =>
    text()
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, text, lines, destination };
}

describe("JSON lines", () => {
  it("[log.keys] have the stable keys first and an RFC 3339 timestamp", () => {
    const { log, lines } = logInto();
    log
      .child({ tool: "terminal", agent: "assistant", conversation_id: "c1" })
      .info("done", { took_ms: 3, run_id: "r1" });
    const [line] = lines();
    expect(line).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: "info",
      message: "done",
      service: "worker",
      run_id: "r1",
      conversation_id: "c1",
      agent: "assistant",
      tool: "terminal",
      took_ms: 3,
    });
    expect(
      Object.keys(line ?? {})
        .slice(0, 8)
        .join(),
    ).toBe("timestamp,level,message,service,run_id,conversation_id,agent,tool");
  });

  it("keep their own level, message and service whatever the fields say", () => {
    const { log, lines } = logInto();
    log.warn("mine", { level: "x", message: "y", service: "z", timestamp: "t" });
    expect(lines()).toEqual([expect.objectContaining({ level: "warn", message: "mine", service: "worker" })]);
  });

  it("are written from the configured level on", () => {
    const { log, lines } = logInto({ level: "warn" });
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines().map((line) => line["message"])).toEqual(["c", "d"]);
  });

  it("say code and message of an error and of its causes, and no stack", () => {
    const { log, lines } = logInto();
    const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    log.error("failed", { error: new TypeError("no Redis", { cause }) });
    expect(lines()[0]?.["error"]).toEqual({
      code: "TypeError",
      message: "no Redis",
      cause: { code: "ECONNREFUSED", message: "refused" },
    });
  });

  it("add the stack when the level is debug", () => {
    const { log, lines } = logInto({ level: "debug" });
    log.error("failed", { error: new Error("x") });
    expect(lines()[0]?.["error"]).toMatchObject({ stack: expect.stringContaining("logger.test.ts") });
  });

  it("[log.secrets] show no secret: by key, by pattern, by registered value, in errors and in messages", () => {
    registerSecret("correct horse");
    const { log, text } = logInto({ level: "debug" });
    log.child({ api_key: "abc-1" }).info("sent Bearer abc-2-token", {
      url: "redis://u:abc-3@db",
      error: new Error("bad sk-abc-4-key", { cause: new Error("correct horse") }),
      nested: { headers: [{ cookie: "abc-5" }] },
    });
    const line = text();
    expect(line).not.toMatch(/abc-\d|correct horse/);
    expect(line.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(6);
  });

  it("cut long texts, long lists and deep objects", () => {
    const { log, lines } = logInto();
    const deep = JSON.parse('{"a":'.repeat(50) + "1" + "}".repeat(50)) as object;
    log.info("big", { text: "x".repeat(100_000), list: Array.from({ length: 5_000 }, () => 1), deep });
    const [line] = lines();
    expect(String(line?.["text"])).toHaveLength("… [97952 more]".length + 2_048);
    expect(line?.["list"]).toHaveLength(100);
    expect(JSON.stringify(line?.["deep"])).toContain("[too large]");
  });
});

describe("telemetry never throws", () => {
  it("with fields that cannot be serialised", () => {
    const { log, lines } = logInto();
    const loop: Record<string, unknown> = { big: 1n, socket: new PassThrough(), fn: () => 1 };
    loop["self"] = loop;
    const trap = {
      get x(): string {
        throw new Error("trap");
      },
    };
    log.info("loop", loop);
    log.info("trap", trap);
    log.info("nested trap", { run_id: "r1", trap: { trap } });
    log.info("after");
    const messages = lines().map((line) => line["message"]);
    expect(messages).toEqual(["loop", "trap", "nested trap", "after"]);
  });

  it("when the reader of the log is gone", () => {
    const { log, destination } = logInto();
    destination.destroy(new Error("EPIPE"));
    expect(() => log.info("nobody reads this")).not.toThrow();
  });
});

describe("pretty lines", () => {
  it("are one line for people, with what breaks a line or a terminal escaped", () => {
    const { log, text } = logInto({ pretty: true });
    log.warn("two\nlines", { run_id: "r1", error: new Error("x"), raw: "\u001b[2J" });
    expect(text()).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}worker "two\\nlines" run_id=r1 error=\{"code":"Error","message":"x"\} raw="\\u001b\[2J"\n$/,
    );
  });

  it("are the default on a terminal only", () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    createLogger({ service: "worker", destination: terminal }).info("hello");
    expect(String(terminal.read())).not.toMatch(/^\{/);
  });
});
