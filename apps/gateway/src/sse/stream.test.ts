import { describe, expect, it } from "@jest/globals";
import { compareEntryIds, newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { complete, gatewayLab, say } from "../test-lab/gateway-lab.ts";
import { Frames } from "./frames.ts";

const lab = gatewayLab();
const streamUrl = (base: string, conversation: string, query = "") =>
  `${base}/v1/conversations/${conversation}/stream${query}`;

/** One piece per character, multi-byte ones and pairs of surrogates among them. */
const PIECES = ["Grüße ", "aus ", "東京", " 👩‍🚀", "é", " — ", "𝄞", "\n\nzwei\r\nZeilen\u2028", "end"];
const TEXT = PIECES.join("");

describe("a stream", () => {
  it("[sse.response] sends its headers at once, then retry, then one data line per event", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.bus.conversations.create({ id: conversation, created_at: new Date().toISOString(), metadata: {} });

    const reader = await lab.read(streamUrl(gateway.url, conversation));

    expect(reader.status).toBe(200);
    expect(reader.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    expect(reader.headers["content-encoding"]).toBeUndefined();
    await until(() => reader.fields.length > 0);
    expect(reader.fields).toEqual([expect.stringMatching(/^retry: (8|9|10|11|12)\d\d$/)]);

    await lab.send(conversation, "eins\nzwei");
    await reader.untilEvent("run", "queued");
    expect(reader.events).toEqual(["user_message", "run"]);
    expect(reader.ids[1]).toMatch(/^\d+-2$/);
  });

  it("[sse.small] sends a token of a long answer in 250 bytes, with everything around it", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.send(conversation);
    const reader = await lab.read(streamUrl(gateway.url, conversation));
    const lease = await lab.claim(conversation);
    await say(lease, [" longest"], { index: 9_999, offset: 49_999 }, 12);
    await until(() => reader.text !== "");
    const { id } = reader.frames.at(-1) ?? {};
    const [line] = await lab.bus.eventLog.read(conversation, `${id?.split("-")[0]}-2`, 1);
    expect(line?.id).toBe(id);
    expect(Frames.ofLines(line ? [line] : []).chunk.length).toBeLessThanOrEqual(250);
  });

  it("[sse.utf8] carries text of any script exactly, live and on replay", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.send(conversation);
    const live = await lab.read(streamUrl(gateway.url, conversation));
    const lease = await lab.claim(conversation);

    await say(lease, PIECES);
    await live.untilText(TEXT);

    const late = await lab.read(streamUrl(gateway.url, conversation));
    await late.untilText(TEXT);
    expect(live.frames.filter(({ event }) => event.event === "token").length).toBe(PIECES.length);
  });

  it("[sse.merge] merges consecutive tokens of a step on replay, with the first's offset and the last's id", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.send(conversation);
    const live = await lab.read(streamUrl(gateway.url, conversation));
    const lease = await lab.claim(conversation);
    await say(lease, ["a", "b", "c"]);
    await say(lease, ["d"], { index: 0, offset: 0 }, 1);
    await live.untilText("abcd");

    const late = await lab.read(streamUrl(gateway.url, conversation));
    await late.untilText("abcd");

    const tokens = late.frames.filter(({ event }) => event.event === "token");
    expect(tokens.map(({ event }) => [event["step"], event["index"], event["offset"], event["text"]])).toEqual([
      [0, 0, 0, "abc"],
      [1, 0, 0, "d"],
    ]);
    expect(tokens.map(({ id }) => id)).toEqual([live.ids.at(-2), live.ids.at(-1)]);
  });

  it("[sse.resume] resumes after Last-Event-ID without repeating or losing a token, mid-stream", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.send(conversation);
    const first = await lab.read(streamUrl(gateway.url, conversation));
    const lease = await lab.claim(conversation);
    let at = await say(lease, ["one ", "two "]);
    await first.untilText("one two ");
    first.drop();
    at = await say(lease, ["three ", "four "], at);

    const headers = { "last-event-id": first.lastId };
    const second = await lab.read(streamUrl(gateway.url, conversation, "?after=1-1"), headers);
    await second.untilText("three four ");
    await say(lease, ["five"], at);
    await second.untilText("three four five");

    const byQuery = await lab.read(streamUrl(gateway.url, conversation, `?after=${first.lastId}`), {
      "last-event-id": "",
    });
    await byQuery.untilText("three four five");
    expect(first.text + second.text).toBe("one two three four five");
    expect(second.ids.every((id) => compareEntryIds(id, first.lastId) > 0)).toBe(true);
  });

  it("[sse.resume] resumes after the UUID of a message and of any other event", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    const runId = await lab.send(conversation);
    const all = await lab.read(streamUrl(gateway.url, conversation));
    await all.untilEvent("run", "queued");
    const run = await lab.bus.conversations.findRun(runId);
    const entry = await lab.raw("XRANGE", `stream:${conversation}`, all.lastId, all.lastId);
    const eventId = /[0-9a-f]{8}-[0-9a-f]{4}-8000-8000-[0-9a-f]{12}/.exec(entry)?.[0];

    const afterMessage = await lab.read(streamUrl(gateway.url, conversation, `?after=${run?.message_id}`));
    await afterMessage.untilEvent("run");
    expect(afterMessage.ids).toEqual(all.ids.slice(1));

    const known = all.ids;
    const afterRun = await lab.read(streamUrl(gateway.url, conversation, `?after=${eventId}`));
    await say(await lab.claim(conversation), ["x"]);
    await afterRun.untilText("x");
    expect(afterRun.ids.filter((id) => known.includes(id))).toEqual([]);
    expect(afterRun.events).not.toContain("user_message");
  });

  it("[sse.newest] starts with only what is new, and says from where", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.send(conversation);
    const all = await lab.read(streamUrl(gateway.url, conversation));
    await all.untilEvent("run", "queued");

    const reader = await lab.read(streamUrl(gateway.url, conversation, "?after=$"));
    await until(() => reader.fields.length > 0);
    expect(reader.fields).toContain(`id: ${all.lastId}`);
    await say(await lab.claim(conversation), ["new"]);
    await reader.untilText("new");
    expect(reader.events).not.toContain("user_message");
  });

  it("[sse.fan-out] gives every reader the same text, wherever it joined and whatever joined beside it", async () => {
    const conversation = newUuid();
    const [one, two] = await Promise.all([lab.open(), lab.open()]);
    await lab.send(conversation);
    const lease = await lab.claim(conversation);
    const words = Array.from({ length: 400 }, (_, n) => `w${n} `);
    const readers = [await lab.read(streamUrl(one.url, conversation))];
    let at = { index: 0, offset: 0 };
    for (let n = 0; n < words.length; n += 10) {
      const writing = say(lease, words.slice(n, n + 10), at);
      if (n % 80 === 0) {
        const gateway = n % 160 === 0 ? one : two;
        readers.push(await lab.read(streamUrl(gateway.url, conversation)));
      }
      at = await writing;
    }
    await complete(lease, words.join(""));
    await Promise.all(readers.map((reader) => reader.untilEvent("run", "completed")));
    for (const reader of readers) expect(reader.text).toBe(words.join(""));
    expect(one.streams.deps.hub.size).toBe(1);
  });
});

describe("the end of a stream", () => {
  it("[sse.run] ends after the wanted run's terminal event, cleanly", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    const runId = await lab.send(conversation);
    const live = await lab.read(streamUrl(gateway.url, conversation, `?run_id=${runId}`));
    const lease = await lab.claim(conversation);
    await lab.send(conversation, "next");
    await say(lease, ["hi"]);
    await complete(lease, "hi");

    expect(await live.untilEnded()).toBe("end");
    expect(live.frames.at(-1)?.event).toMatchObject({ event: "run", run_id: runId, status: "completed" });

    const replayed = await lab.read(streamUrl(gateway.url, conversation, `?run_id=${runId}`));
    expect(await replayed.untilEnded()).toBe("end");
    expect(replayed.lastId).toBe(live.lastId);
    expect(gateway.streams.size).toBe(0);
  });

  it("[sse.run] answers 204 when the run's end is at or before the cursor", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    const runId = await lab.send(conversation);
    const reader = await lab.read(streamUrl(gateway.url, conversation, `?run_id=${runId}`));
    await complete(await lab.claim(conversation), "hi");
    await reader.untilEnded();
    const [last, before] = [reader.ids.at(-1), reader.ids.at(-2)];

    const status = async (query: string) =>
      (await lab.read(streamUrl(gateway.url, conversation, `?run_id=${runId}${query}`))).status;
    expect(await status(`&after=${last}`)).toBe(204);
    expect(await status("&after=$")).toBe(204);
    expect(await status(`&after=${before}`)).toBe(200);
    expect(await status("")).toBe(200);
  });

  it("ends when the conversation is deleted, also one that has no events yet", async () => {
    const [talked, silent] = [newUuid(), newUuid()];
    const gateway = await lab.open();
    await lab.send(talked);
    await lab.bus.conversations.create({ id: silent, created_at: new Date().toISOString(), metadata: {} });
    const readers = await Promise.all([talked, silent].map((id) => lab.read(streamUrl(gateway.url, id))));
    await readers[0]?.untilEvent("run");

    await Promise.all([talked, silent].map((id) => lab.bus.conversations.delete(id)));

    expect(await Promise.all(readers.map((reader) => reader.untilEnded()))).toEqual(["end", "end"]);
    expect((await lab.read(streamUrl(gateway.url, talked))).status).toBe(404);
  });

  it("frees everything when the reader goes", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.send(conversation);
    const readers = await Promise.all([1, 2].map(() => lab.read(streamUrl(gateway.url, conversation))));
    await Promise.all(readers.map((reader) => reader.untilEvent("run")));
    expect([gateway.streams.size, gateway.streams.deps.hub.size]).toEqual([2, 1]);

    readers[0]?.drop();
    await until(() => gateway.streams.size === 1);
    expect(gateway.streams.deps.hub.size).toBe(1);
    readers[1]?.drop();
    await until(() => gateway.streams.size === 0 && gateway.streams.deps.hub.size === 0);
    await until(async () => (await lab.raw("PUBSUB", "CHANNELS", `stream:${conversation}`)).trim() === "*0");
  });

  it("[sse.shutdown] is a broken connection at shutdown, never a clean end", async () => {
    const conversation = newUuid();
    const gateway = await lab.open();
    await lab.send(conversation);
    const readers = await Promise.all([1, 2, 3].map(() => lab.read(streamUrl(gateway.url, conversation))));
    await Promise.all(readers.map((reader) => reader.untilEvent("run")));

    await gateway.stop();

    expect(await Promise.all(readers.map((reader) => reader.untilEnded()))).toEqual(["broken", "broken", "broken"]);
  });
});

it("[sse.heartbeat] writes a comment to every connection at each interval", async () => {
  const conversation = newUuid();
  const gateway = await lab.open({ streams: { heartbeatMs: 60 } });
  await lab.send(conversation);
  const readers = await Promise.all([1, 2, 3].map(() => lab.read(streamUrl(gateway.url, conversation))));
  const before = performance.now();
  await until(() => readers.every((reader) => reader.comments.length >= 4));
  expect(performance.now() - before).toBeGreaterThan(120);
  expect(readers[0]?.comments[0]).toMatch(/^: \w+$/);
});
