import { expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { complete, gatewayLab, say } from "../test-lab/gateway-lab.ts";
import type { ReadFrame } from "../test-lab/sse-reader.ts";

const lab = gatewayLab();

/** A finished run of five tokens, and a way to read it. */
async function finishedRun() {
  const conversation = newUuid();
  const gateway = await lab.open();
  const url = `${gateway.url}/v1/conversations/${conversation}/stream`;
  await lab.send(conversation);
  const live = await lab.read(url);
  const lease = await lab.claim(conversation);
  await say(lease, ["a", "b", "c", "d", "e"]);
  await complete(lease, "abcde");
  await live.untilEvent("run", "completed");
  const epoch = live.lastId.split("-")[0];
  const read = async (cursor: string) => {
    const reader = await lab.read(`${url}?after=${cursor}`);
    await reader.untilEvent("run", "completed");
    return reader.frames;
  };
  return { conversation, gateway, url, live, epoch: Number(epoch), read };
}

const resetOf = (conversation: string, reason: string, epoch: number) => ({
  id: `${epoch}-0`,
  event: { event: "reset", conversation_id: conversation, reason, snapshot_url: `/v1/conversations/${conversation}` },
});

const eventsOf = (frames: readonly ReadFrame[]) => frames.map(({ event }) => event.event);

it("[sse.reset] answers a cursor of another epoch with a reset, then everything kept", async () => {
  const { conversation, epoch, live, read } = await finishedRun();
  for (const cursor of [`${epoch - 1}-3`, `${epoch + 1}-3`]) {
    const [reset, ...rest] = await read(cursor);
    expect(reset).toEqual(resetOf(conversation, "epoch", epoch));
    expect(rest.map(({ id }) => id)).toEqual(live.ids.filter((id) => rest.some((frame) => frame.id === id)));
    expect(eventsOf(rest).filter((event) => event !== "token")).toEqual(
      live.events.filter((event) => event !== "token"),
    );
  }
});

it("[sse.reset] answers a cursor ahead of the log, and an unknown UUID, with a reset", async () => {
  const { conversation, epoch, live, read } = await finishedRun();
  for (const cursor of [`${epoch}-${live.ids.length + 1}`, newUuid(), "01234567-89ab-4def-8123-456789abcdef"]) {
    const [reset, first] = await read(cursor);
    expect(reset).toEqual(resetOf(conversation, "unknown", epoch));
    expect(first).toEqual(live.frames[0]);
  }
});

it("[sse.reset] answers a cursor older than what is kept with a reset", async () => {
  const { conversation, epoch, live, read } = await finishedRun();
  await lab.raw("XTRIM", `stream:${conversation}`, "MINID", live.ids[4] ?? "");
  const [reset, first] = await read(live.ids[1] ?? "");
  expect(reset).toEqual(resetOf(conversation, "trimmed", epoch));
  expect(first?.event.event).toBe("token");

  const continued = await read(live.ids[3] ?? "");
  expect(eventsOf(continued)).not.toContain("reset");
  // The reset itself came with this cursor: what it withdrew need not be withdrawn again.
  expect(eventsOf(await read(reset?.id ?? ""))).not.toContain("reset");
});

it("[sse.compacted] continues from a cursor inside a compacted run", async () => {
  const { conversation, live, read } = await finishedRun();
  const tokens = live.frames.filter(({ event }) => event.event === "token").map(({ id }) => id);
  await lab.raw("XDEL", `stream:${conversation}`, ...tokens);
  const frames = await read(tokens[1] ?? "");
  expect(eventsOf(frames)).toEqual(["output", "run"]);
});

it("continues from the cursor of a reset, and from that of a snapshot without events", async () => {
  const { epoch, live, read } = await finishedRun();
  for (const cursor of [`${epoch}-0`, "0-0"]) {
    const frames = await read(cursor);
    expect(frames[0]).toEqual(live.frames[0]);
  }
});

it("[sse.reset] withdraws what live readers show when the log becomes another incarnation", async () => {
  const { conversation, gateway, url, live, epoch } = await finishedRun();
  const late = await lab.read(`${url}?after=${live.lastId}`);
  await until(() => gateway.streams.size === 2);
  // As whoever knows an event that the log has lost.
  const { eventLog } = lab.bus;
  await eventLog.renew(conversation, { epoch, seq: live.ids.length + 1 });
  const fresh = (await eventLog.head(conversation))?.epoch ?? 0;
  expect(fresh).toBeGreaterThan(epoch);
  await lab.send(conversation, "again");

  for (const reader of [live, late]) {
    await until(() => reader.frames.some(({ event }) => event["content"] === "again"));
    const from = reader.events.indexOf("reset");
    expect(reader.frames[from]).toEqual(resetOf(conversation, "epoch", fresh));
    expect(reader.events.slice(from).filter((event) => event === "user_message").length).toBe(2);
    expect(new Set(reader.ids.slice(from).map((id) => id.split("-")[0]))).toEqual(new Set([String(fresh)]));
  }
});
