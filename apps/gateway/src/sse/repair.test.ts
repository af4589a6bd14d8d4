import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { complete, gatewayLab, say } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();
const NO_SWEEP = { sweepMs: 3_600_000 };

async function following(streams: { sweepMs: number } = NO_SWEEP) {
  const conversation = newUuid();
  const gateway = await lab.open({ streams });
  const url = `${gateway.url}/v1/conversations/${conversation}/stream`;
  await lab.send(conversation);
  const reader = await lab.read(url);
  const lease = await lab.claim(conversation);
  const at = await say(lease, ["a"]);
  await reader.untilText("a");
  return { conversation, gateway, url, reader, lease, at };
}

/** An event that is in the log and was never published, as when a pub/sub message is lost. */
async function appendUnpublished(conversation: string, lastId: string, payload: object): Promise<string> {
  const [epoch, seq] = lastId.split("-");
  const id = `${epoch}-${Number(seq) + 1}`;
  await lab.raw("XADD", `stream:${conversation}`, id, "id", newUuid(), "payload", JSON.stringify(payload));
  await lab.raw("HSET", `{stream:${conversation}}:meta`, "seq", Number(seq) + 1);
  return id;
}

const notice = (conversation: string) => ({
  event: "error",
  conversation_id: conversation,
  created_at: new Date().toISOString(),
  code: "lost",
  message: "never published",
  retryable: false,
});

describe("live delivery", () => {
  it("[sse.gap] reads what a lost message held before anything later goes out", async () => {
    const { conversation, reader, lease, at } = await following();
    const lost = await appendUnpublished(conversation, reader.lastId, notice(conversation));
    await say(lease, ["b", "c"], at);

    await reader.untilText("abc");
    expect(reader.ids).toContain(lost);
    const seqs = reader.ids.map((id) => Number(id.split("-")[1]));
    expect(seqs).toEqual(seqs.map((_, n) => n + 1));
  });

  it("[sse.gap] survives the loss of its subscription under load", async () => {
    const { reader, lease, url, at: begun } = await following();
    let at = begun;
    const words = Array.from({ length: 60 }, (_, n) => `w${n} `);
    for (const [n, word] of words.entries()) {
      if (n % 20 === 5) await lab.raw("CLIENT", "KILL", "TYPE", "pubsub");
      at = await say(lease, [word], at);
    }
    const text = `a${words.join("")}`;
    await complete(lease, text);

    await reader.untilEvent("run", "completed");
    expect(reader.text).toBe(text);
    expect(new Set(reader.ids).size).toBe(reader.ids.length);
    const late = await lab.read(url);
    await late.untilText(text);
  });

  it("[sse.lost-last] finds a lost last message by looking at the log's head", async () => {
    const { conversation, reader, gateway } = await following();
    const lost = await appendUnpublished(conversation, reader.lastId, notice(conversation));
    await gateway.streams.deps.hub.sweep();
    await until(() => reader.ids.includes(lost));
    expect(reader.frames.at(-1)?.event).toMatchObject({ code: "lost" });
  });

  it("[sse.lost-last] looks by itself every now and then", async () => {
    const { conversation, reader } = await following({ sweepMs: 40 });
    const lost = await appendUnpublished(conversation, reader.lastId, notice(conversation));
    await until(() => reader.ids.includes(lost));
    expect(reader.lastId).toBe(lost);
  });

  it("finds a deletion of which it was not told", async () => {
    const { conversation, reader, gateway } = await following();
    await lab.raw("DEL", `stream:${conversation}`, `{stream:${conversation}}:meta`);
    await gateway.streams.deps.hub.sweep();
    expect(await reader.untilEnded()).toBe("end");
  });

  it("[sse.lost-tail] withdraws what the log has lost, and gives its numbers to nothing else", async () => {
    const { conversation, reader, lease, at } = await following({ sweepMs: 50 });
    const { lastId } = reader;
    // As Redis comes back from a copy that lacks the last event.
    await lab.raw("XDEL", `stream:${conversation}`, lastId);
    await lab.raw("HINCRBY", `{stream:${conversation}}:meta`, "seq", -1);
    await reader.untilEvent("reset");
    await say(lease, ["b"], at);
    await until(() => reader.frames.at(-1)?.event["text"] === "b");
    expect(reader.lastId.split("-")[1]).toBe(lastId.split("-")[1]);
    expect(reader.lastId).not.toBe(lastId);
  });

  it("[sse.redis-away] keeps readers through a restart of Redis and goes on where it was", async () => {
    const { reader, lease, at } = await following();
    await lab.redis.restart();
    await say(lease, ["b"], at);
    await reader.untilText("ab");
    expect(reader.ended).toBeUndefined();
  });
});
