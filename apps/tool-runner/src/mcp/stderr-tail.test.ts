import { registerSecret } from "@holdfast/telemetry";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { memoryLog } from "./fixture/fixture-host.ts";
import { StderrTail } from "./stderr-tail.ts";

const SECRET = "correct-horse-battery";
let log: () => string;
let tail: StderrTail;

describe("what a server says on stderr", () => {
  beforeEach(() => {
    registerSecret(SECRET);
    const memory = memoryLog();
    log = memory.text;
    tail = new StderrTail(memory.logger, () => 0);
  });

  it("[mcp.stderr-secrets] is logged by whole lines, so that a secret in two pieces is known for one", () => {
    tail.push(Buffer.from(`using ${SECRET.slice(0, 9)}`));
    tail.push(Buffer.from(`${SECRET.slice(9)} now\n`));
    expect(log()).toContain("using [redacted] now");
    expect(log()).not.toContain(SECRET.slice(0, 9));
    expect(tail.summary()).toBe("using [redacted] now");
  });

  it("[mcp.stderr-secrets] is redacted before it is cut, also in a private key whose lines come one by one", () => {
    tail.push(Buffer.from(`${"x".repeat(390)} ${SECRET}\n`));
    for (const line of [
      "-----BEGIN RSA PRIVATE KEY-----",
      "MIIEhidden",
      "hiddenMII",
      "-----END RSA PRIVATE KEY-----",
    ]) {
      tail.push(Buffer.from(`${line}\n`));
    }
    expect(log()).not.toMatch(/correct|hidden/);
  });

  it("reaches the log a few times a second at most, and keeps only its end", () => {
    for (let count = 0; count < 1000; count += 1) tail.push(Buffer.from(`line ${count}\n`));
    tail.push(Buffer.alloc(1_000_000, "y"));
    tail.push(Buffer.from("\nlast words\n"));
    expect(
      log()
        .split("\n")
        .filter((line) => line.includes("server stderr")),
    ).toHaveLength(5);
    expect(tail.summary()).toMatch(/^…y+ \| last words$/);
  });
});
