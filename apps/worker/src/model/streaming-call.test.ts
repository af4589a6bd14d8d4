import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gate, until } from "@holdfast/testing";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { Destination, leanFetch } from "./lean-fetch.ts";
import { readStream } from "./streaming-call.ts";

let server: Server;
let speaking: ServerResponse | undefined;
beforeEach(async () => {
  speaking = undefined;
  server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    speaking = response;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Numbered {
  readonly n: number;
}

/** Reads the server's stream; `held` decides whether it is held back after what has come so far. */
function reading(held: (heard: number) => Promise<void> | undefined, idleMs = 10_000) {
  const heard: number[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const done = readStream<Numbered>({
    open: (signal) => leanFetch(new Destination(url), { signal }),
    read: ({ n }) => void heard.push(n),
    holdBack: () => held(heard.length),
    isWhole: () => false,
    signal: new AbortController().signal,
    idleMs,
  });
  return { heard, done };
}

const PADDING = "x".repeat(64 * 1024);
const event = (n: number) => `data: ${JSON.stringify({ n, PADDING })}\n\n`;

it("holds the model back, for longer than it may be silent, and loses nothing of what it says meanwhile", async () => {
  const room = gate();
  let isHeld = false;
  const { heard, done } = reading((count) => {
    if (isHeld || count === 0) return undefined;
    isHeld = true;
    return room.pass();
  }, 300);
  await until(() => speaking !== undefined);
  // More than the kernel takes for a reader that does not read.
  let sent = 0;
  for (let isTaken = true; sent < 300; sent += 1) isTaken = (speaking?.write(event(sent)) ?? false) && isTaken;
  await until(() => isHeld);
  const before = heard.length;
  await expect(until(() => heard.length > before, { timeoutMs: 600 })).rejects.toThrow("not true within");
  expect(speaking?.writableNeedDrain).toBe(true);
  room.open();
  speaking?.end("data: [DONE]\n\n");
  await done;
  expect(heard).toEqual(Array.from({ length: sent }, (_, n) => n));
});

it("uses a connection again once its answer has ended", async () => {
  let connections = 0;
  server.on("connection", () => (connections += 1));
  for (let n = 0; n < 3; n += 1) {
    speaking = undefined;
    const { heard, done } = reading(() => undefined);
    await until(() => speaking !== undefined);
    (speaking as unknown as ServerResponse).end(`${event(n)}data: [DONE]\n\n`);
    await done;
    expect(heard).toEqual([n]);
    await until(() => speaking?.writableFinished === true);
  }
  expect(connections).toBeLessThan(3);
});
