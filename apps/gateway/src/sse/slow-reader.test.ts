import { createServer, type Server } from "node:http";
import { afterEach, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { listen } from "@holdfast/runtime";
import { until } from "@holdfast/testing";
import { gatewayLab, say } from "../test-lab/gateway-lab.ts";
import { SseReader } from "../test-lab/sse-reader.ts";
import { Frames } from "./frames.ts";
import { SseConnection } from "./sse-connection.ts";

const lab = gatewayLab();
/** Together more than the kernel takes for a reader that does not read: about 4 MB on Linux. */
const PIECE = "x".repeat(512 * 1024);
const PIECES = 14;

it("[sse.slow] cuts off a reader that does not drain, and only that one; it resumes by its cursor", async () => {
  const conversation = newUuid();
  const gateway = await lab.open();
  const url = `${gateway.url}/v1/conversations/${conversation}/stream`;
  await lab.send(conversation);
  const [slow, quick] = [await lab.read(url), await lab.read(url)];
  const lease = await lab.claim(conversation);
  let at = await say(lease, ["begin "]);
  await Promise.all([slow.untilText("begin "), quick.untilText("begin ")]);

  slow.pause();
  for (let n = 0; n < PIECES && gateway.streams.size === 2; n += 1) {
    at = await say(lease, [PIECE], at);
    await until(() => quick.text.length === at.offset);
  }
  await until(() => gateway.streams.size === 1);
  expect(gateway.logged()).toContain("cut off a slow reader");
  slow.resume();
  expect(await slow.untilEnded()).toBe("broken");
  expect(slow.text.length).toBeLessThan(at.offset);

  const again = await lab.read(url, { "last-event-id": slow.lastId });
  await until(() => slow.text.length + again.text.length === at.offset);
  expect(slow.text + again.text).toBe(quick.text);
});

/** How often the log was read so far. */
async function reads(): Promise<number> {
  return Number(/cmdstat_xrange:calls=(\d+)/.exec(await lab.raw("INFO", "commandstats"))?.[1] ?? 0);
}

it("[sse.slow] reads history no faster than its reader takes it", async () => {
  const conversation = newUuid();
  const gateway = await lab.open();
  await lab.send(conversation);
  const lease = await lab.claim(conversation);
  const pieces = Array.from({ length: 160 }, () => PIECE.slice(0, 64 * 1024));
  const at = await say(lease, pieces);

  const reader = await lab.read(`${gateway.url}/v1/conversations/${conversation}/stream`);
  reader.pause();
  let before = -1;
  await until(
    async () => {
      const now = await reads();
      const isStill = now === before;
      before = now;
      return isStill;
    },
    { intervalMs: 150 },
  );
  reader.resume();
  await until(() => reader.text.length === at.offset, { timeoutMs: 20_000 });
  expect((await reads()) - before).toBeGreaterThan(2);

  const end = await say(lease, ["end"], at);
  await until(() => reader.text.length === end.offset);
});

it("[sse.slow] does not cut a reader off for a history that is longer than its buffer", async () => {
  const conversation = newUuid();
  const gateway = await lab.open();
  await lab.send(conversation);
  const lease = await lab.claim(conversation);
  const at = await say(
    lease,
    Array.from({ length: PIECES }, () => PIECE),
  );
  const url = `${gateway.url}/v1/conversations/${conversation}/stream`;
  const slow = await lab.read(url);
  slow.pause();
  const quick = await lab.read(`${url}?after=$`);
  await until(() => quick.fields.length > 0);

  const end = await say(lease, ["live"], at);
  await quick.untilText("live");
  expect(gateway.streams.size).toBe(2);

  slow.resume();
  await until(() => slow.text.length === end.offset);
  expect(slow.ended).toBeUndefined();
});

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

it("destroys a connection whose reader takes nothing for long, but not one that has taken everything", async () => {
  let connection: SseConnection | undefined;
  server = createServer((_request, response) => {
    connection = SseConnection.open({ response, bufferBytes: 1_000, stallMs: 30, onClose: () => undefined });
  });
  const port = await listen(server, { host: "127.0.0.1", port: 0, setting: "test" });
  const reader = await SseReader.open(`http://127.0.0.1:${port}/`);
  const beat = () => {
    connection?.heartbeat();
    return connection?.isOpen === false;
  };
  await expect(until(beat, { timeoutMs: 150 })).rejects.toThrow("not true within");

  reader.pause();
  connection?.write(new Frames(`: ${PIECE.repeat(PIECES)}\n\n`));
  expect(connection?.isOverdue).toBe(true);
  await until(beat);
  reader.resume();
  expect(await reader.untilEnded()).toBe("broken");
});
