import { expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { complete, gatewayLab, say } from "../test-lab/gateway-lab.ts";
import type { SseReader } from "../test-lab/sse-reader.ts";
import { hashOf, parseCompoundId } from "./compound-id.ts";
import { CompoundOutlets } from "./compound-outlets.ts";
import type { Frames } from "./frames.ts";
import { LineBatch } from "./line-batch.ts";
import type { SseConnection } from "./sse-connection.ts";

const lab = gatewayLab();

const urlOf = (base: string, ...members: string[]) =>
  `${base}/v1/stream?${members.map((member) => `c=${encodeURIComponent(member)}`).join("&")}`;

const textOf = (reader: SseReader, conversation: string) =>
  reader.frames
    .filter(({ event }) => event.event === "token" && event["conversation_id"] === conversation)
    .map(({ event }) => event["text"])
    .join("");

const eventsOf = (reader: SseReader, conversation: string) =>
  reader.frames.flatMap(({ event }) => (event["conversation_id"] === conversation ? [event.event] : []));

/** Two conversations, each with a run that a worker has. */
async function two() {
  const gateway = await lab.open();
  const ids = [newUuid(), newUuid()] as const;
  for (const id of ids) await lab.send(id);
  const leases = [await lab.claim(ids[0]), await lab.claim(ids[1])] as const;
  return { gateway, ids, leases };
}

it("[sse.compound] sends the frames of several conversations, with an id that says where the reader is in each", async () => {
  const { gateway, ids, leases } = await two();
  const reader = await lab.read(urlOf(gateway.url, ...ids));
  await until(() => reader.frames.length === 4);
  await say(leases[0], ["a", "b"]);
  await until(() => textOf(reader, ids[0]) === "ab");
  await say(leases[1], ["c"]);
  await until(() => textOf(reader, ids[1]) === "c");

  const epochs = await Promise.all(ids.map(async (id) => (await lab.bus.eventLog.head(id))?.epoch ?? 0));
  const hash = hashOf(ids, epochs);
  expect(reader.status).toBe(200);
  expect(reader.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  expect(reader.ids.slice(-3)).toEqual([`${hash}.3.2`, `${hash}.4.2`, `${hash}.4.3`]);
  expect(eventsOf(reader, ids[1])).toEqual(["user_message", "run", "token"]);
});

it("writes what several conversations say in one tick at once, and all of it before the end", async () => {
  const written: string[] = [];
  let ends = 0;
  const connection = {
    isOpen: true,
    isOverdue: false,
    write: (frames: Frames) => void written.push(frames.body.toString()),
    end: () => (ends += 1),
  } as unknown as SseConnection;
  const [a, b] = [newUuid(), newUuid()];
  const outlets = new CompoundOutlets(
    connection,
    [a, b],
    [
      { epoch: 1, seq: 0 },
      { epoch: 1, seq: 0 },
    ],
  );
  const batch = (seq: number) => LineBatch.of([{ id: `1-${seq}`, payload: `{"n":${seq}}` }]) as LineBatch;
  const [first, second] = [outlets.outlet(0), outlets.outlet(1)];
  first.write(batch(1), false);
  second.write(batch(2), false);
  await Promise.resolve();
  const hash = hashOf([a, b], [1, 1]);
  expect(written).toEqual([`id: ${hash}.1.0\ndata: {"n":1}\n\nid: ${hash}.1.2\ndata: {"n":2}\n\n`]);
  first.end();
  second.write(batch(3), false);
  second.end();
  expect([written.length, ends]).toEqual([2, 1]);
});

it("[sse.compound] resumes in each exactly where the last id says, and `@cursor` where there is none", async () => {
  const { gateway, ids, leases } = await two();
  const first = await lab.read(urlOf(gateway.url, ...ids));
  let at = await say(leases[0], ["one "]);
  await say(leases[1], ["eins "]);
  await until(() => textOf(first, ids[1]) === "eins " && textOf(first, ids[0]) === "one ");
  first.drop();
  const seqs = parseCompoundId(first.lastId)?.seqs ?? [];
  at = await say(leases[0], ["two ", "three"], at);

  const second = await lab.read(urlOf(gateway.url, ...ids), { "last-event-id": first.lastId });
  await until(() => textOf(second, ids[0]) === "two three");
  await say(leases[1], ["zwei"], { index: 1, offset: 5 });
  await until(() => textOf(second, ids[1]) === "zwei");
  expect(second.frames.every(({ event }) => event.event === "token")).toBe(true);

  const { epoch } = (await lab.bus.eventLog.head(ids[0])) ?? { epoch: 0 };
  const third = await lab.read(urlOf(gateway.url, `${ids[0]}@${epoch}-${seqs[0]}`, `${ids[1]}@$`));
  await until(() => textOf(third, ids[0]) === "two three");
  await say(leases[1], ["!"], { index: 2, offset: 9 });
  await until(() => textOf(third, ids[1]) === "!");
  expect(third.fields[1]).toMatch(/^id: [0-9a-f]{8}\.\w+\.\w+$/);
});

it("[sse.compound] resets every conversation where the id is of others, of another order or of other epochs", async () => {
  const { gateway, ids } = await two();
  const reader = await lab.read(urlOf(gateway.url, ...ids));
  await until(() => reader.frames.length === 4);
  for (const lastEventId of [`00000000.2.2`, `${reader.lastId}.1`]) {
    const again = await lab.read(urlOf(gateway.url, ...ids), { "last-event-id": lastEventId });
    await until(() => again.frames.length === 6);
    for (const id of ids) expect(eventsOf(again, id)).toEqual(["reset", "user_message", "run"]);
  }
  const swapped = await lab.read(urlOf(gateway.url, ids[1], ids[0]), { "last-event-id": reader.lastId });
  await until(() => swapped.frames.length === 6);
  for (const id of ids) expect(eventsOf(swapped, id)).toEqual(["reset", "user_message", "run"]);
});

it("[sse.compound] resets what a reader that was cut off in the middle of the resets had not reset yet", async () => {
  const { gateway, ids } = await two();
  const reader = await lab.read(urlOf(gateway.url, ...ids), { "last-event-id": "00000000.2.2" });
  await until(() => reader.frames.length === 6);
  // What stands in the first frame: the new hash, and nothing yet of either conversation.
  const [first] = reader.ids;
  expect(parseCompoundId(first ?? "")?.seqs).toEqual([0, 0]);
  const again = await lab.read(urlOf(gateway.url, ...ids), { "last-event-id": first ?? "" });
  await until(() => again.frames.length === 6);
  for (const id of ids) expect(eventsOf(again, id)).toEqual(["reset", "user_message", "run"]);
});

it("[sse.compound] goes on when one of its conversations is deleted, and ends when all are", async () => {
  const { gateway, ids, leases } = await two();
  const reader = await lab.read(urlOf(gateway.url, ...ids));
  await until(() => reader.frames.length === 4);
  await lab.bus.conversations.delete(ids[0]);
  await say(leases[1], ["still here"]);
  await until(() => textOf(reader, ids[1]) === "still here");
  await complete(leases[1], "still here");
  await until(() => eventsOf(reader, ids[1]).at(-1) === "run");
  await lab.bus.conversations.delete(ids[1]);
  expect(await reader.untilEnded()).toBe("end");
  await until(() => gateway.streams.size === 0);
});

it("[sse.compound] refuses more than 50 conversations, unknown ones and malformed cursors", async () => {
  const { gateway, ids } = await two();
  const ask = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers });
    const { code } = (await response.json()) as { code: string };
    return [response.status, code];
  };
  const many = Array.from({ length: 51 }, () => newUuid());
  expect(await ask(urlOf(gateway.url, ...many))).toEqual([400, "too_many_conversations"]);
  expect(await ask(urlOf(gateway.url, ids[0], newUuid()))).toEqual([404, "conversation_not_found"]);
  expect(await ask(urlOf(gateway.url, "no-uuid"))).toEqual([400, "malformed_id"]);
  expect(await ask(urlOf(gateway.url, `${ids[0]}@nonsense`))).toEqual([400, "invalid_cursor"]);
  expect(await ask(urlOf(gateway.url, ids[0], ids[0]))).toEqual([400, "invalid_request"]);
  expect(await ask(`${gateway.url}/v1/stream`)).toEqual([400, "invalid_request"]);
  expect(await ask(urlOf(gateway.url, ids[0]), { "last-event-id": "1-1" })).toEqual([400, "invalid_cursor"]);
  const fifty = many.slice(0, 50);
  for (const id of fifty)
    await lab.bus.conversations.create({ id, created_at: new Date().toISOString(), metadata: {} });
  const reader = await lab.read(urlOf(gateway.url, ...fifty));
  await lab.send(fifty[49] ?? "");
  await reader.untilEvent("run", "queued");
  expect(reader.status).toBe(200);
});
