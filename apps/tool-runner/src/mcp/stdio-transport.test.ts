import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { eventually, isRunning, Journal, memoryLog } from "./fixture/fixture-host.ts";
import { NotSentError } from "./local-error.ts";
import type { Framing } from "./framing.ts";
import { StdioTransport } from "./stdio-transport.ts";

const SERVER = fileURLToPath(new URL("./fixture/server.ts", import.meta.url));
// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

let journal: Journal;
let transport: StdioTransport;
let isClosed = false;

function open(args: readonly string[], options: { framing?: Framing; stallMs?: number } = {}): Promise<void> {
  isClosed = false;
  transport = new StdioTransport({
    command: process.execPath,
    args,
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"] ?? "" },
    framing: "newline",
    logger: memoryLog().logger,
    ...options,
  });
  Object.assign(transport, { onclose: () => void (isClosed = true) });
  return transport.start();
}

const script = (source: string) => ["-e", source];

describe("a stdio connection", () => {
  beforeEach(() => {
    journal = new Journal();
  });
  afterEach(async () => {
    await transport.close();
    journal.remove();
  });

  it("[mcp.close] ends a server that ignores the end of stdin and SIGTERM, with all it started, by force in the end", async () => {
    await open([SERVER, "--journal", journal.path, "--stubborn", "--grandchild"]);
    await eventually(() => journal.pids().length === 2);
    transport.markServing();
    const startedAt = performance.now();
    await transport.close();
    const took = performance.now() - startedAt;
    expect(took).toBeGreaterThan(2900);
    expect(took).toBeLessThan(8000);
    expect(journal.pids().some(isRunning)).toBe(false);
    expect(journal.lines()).toEqual(expect.arrayContaining(["eof", "sigterm"]));
  });

  it("lets a server end by itself when its stdin ends", async () => {
    await open([SERVER, "--journal", journal.path]);
    await eventually(() => journal.lines("start ").length === 1);
    transport.markServing();
    await transport.close();
    expect(journal.lines().at(-1)).toBe("eof");
  });

  it("is lost when the server closes its output and goes on running, and then ends it", async () => {
    await open([SERVER, "--journal", journal.path, "--close-stdout"]);
    await eventually(() => isClosed);
    expect(transport.lossReason).toContain("closed its output");
    await eventually(() => journal.pids().every((pid) => !isRunning(pid)));
    // One whose exit is heard of later than the end of its output has an exit code all the same.
    await eventually(() => transport.lossReason?.includes("closed its output and exited with code 0"));
  });

  it("tells the exit code and the last words of a server that died", async () => {
    await open(
      script("console.error('x'.repeat(50_000)); console.error('password=hunter2 is wrong'); process.exitCode = 4"),
    );
    await eventually(() => isClosed);
    expect(transport.lossReason).toMatch(/^it exited with code 4; stderr: …x+ \| password=\[redacted\] is wrong$/);
  });

  it("[mcp.stall] is lost when a Content-Length frame stands still", async () => {
    await open(script("process.stdout.write('Content-Length: 100\\r\\n\\r\\n{');setInterval(() => {}, 1000)"), {
      framing: "content-length",
      stallMs: 200,
    });
    await eventually(() => isClosed);
    expect(transport.lossReason).toContain("stopped 200 ms inside a frame");
  });

  it("hands over what a server said just before it exited", async () => {
    const heard: unknown[] = [];
    const opened = open(script('process.stdout.write(\'{"jsonrpc":"2.0","method":"bye"}\')'));
    Object.assign(transport, { onmessage: (message: unknown) => heard.push(message) });
    await opened;
    await eventually(() => isClosed);
    expect(heard).toEqual([{ jsonrpc: "2.0", method: "bye" }]);
  });

  it("rejects a message it did not send as not sent", async () => {
    await open(script(""));
    await eventually(() => isClosed);
    await expect(transport.send({ jsonrpc: "2.0", method: "hello" })).rejects.toBeInstanceOf(NotSentError);
  });

  it("[mcp.not-sent] knows of each message to a dead server that it was not sent, before it knows that the server died", async () => {
    await open(script("process.stdin.resume()"));
    const ends: unknown[] = [];
    Object.assign(transport, { onclose: () => ends.push("closed") });
    const { pid } = transport;
    process.kill(pid as number, "SIGKILL");
    // In one turn of the loop, so that nothing of the death has been heard.
    while (isRunning(pid as number));
    const sends = Array.from({ length: 5 }, (_, id) => transport.send({ jsonrpc: "2.0", id, method: "tools/call" }));
    for (const send of sends) send.catch((error: unknown) => ends.push(error));
    await eventually(() => ends.length === 6);
    expect(ends).toEqual([...Array(5).fill(expect.any(NotSentError)), "closed"]);
  });

  it("rejects a start whose command does not exist", async () => {
    transport = new StdioTransport({
      command: "/no/such/command",
      args: [],
      cwd: tmpdir(),
      env: {},
      framing: "newline",
      logger: memoryLog().logger,
    });
    await expect(transport.start()).rejects.toMatchObject({ code: "ENOENT" });
  });
});
