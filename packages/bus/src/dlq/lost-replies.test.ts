import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { chatTopic, newUuid } from "@holdfast/protocol";
import { lettersKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import type { WorkQueue } from "../ports/work-queue.ts";
import { busLab, claimed, message, runIdOf, USAGE } from "../test-lab/bus-lab.ts";
import { type LosingProxy, startLosingProxy } from "../test-lab/losing-proxy.ts";

const lab = busLab();
const TOPIC = chatTopic("assistant");
const DLQ = `dlq:${TOPIC}`;
const ERROR = { code: "run_failed", message: "gave up" };
let proxy: LosingProxy;
let bus: Bus;
let queue: WorkQueue;

beforeEach(async () => {
  await lab.raw.flushall();
  proxy = await startLosingProxy(lab.url);
  bus = lab.openBus(undefined, { url: proxy.url });
  queue = bus.queues.open({ topics: [TOPIC], group: "workers" });
});

afterEach(async () => {
  await queue.close();
  proxy.close();
});

/** Every entry of the topic becomes a dead letter; answers where they stand. */
async function giveUp(): Promise<string[]> {
  for (let left = await lab.raw.xlen(TOPIC); left > 0; left = await lab.raw.xlen(TOPIC))
    for (const entry of await queue.read(10, 10)) await queue.deadLetter(entry, ERROR);
  return (await bus.deadLetters.list({ limit: 10 })).data.map(({ entry }) => entry);
}

/** By then every script has been called once, so that the next call needs one command. */
async function buryAnother(): Promise<void> {
  await lab.raw.xadd(TOPIC, "*", "id", "another", "payload", "{");
  const [entry = ""] = await giveUp();
  await bus.deadLetters.remove(TOPIC, entry);
}

it("[dlq.once] writes one dead letter where the reply was lost and the command was sent again", async () => {
  await buryAnother();
  const given = message(newUuid());
  const first = runIdOf(await bus.conversations.accept(given));
  const lease = await claimed(bus, given.envelope.conversation_id);
  const error = { code: "x", message: "y", retryable: true };
  await lease.finish({ status: "failed", usage: USAGE, error, history: [] });
  proxy.loseReplyTo(DLQ, ERROR.message);
  const [letter = "", ...more] = await giveUp();
  expect(proxy.lost).toBe(1);
  expect(more).toEqual([]);
  expect(await bus.deadLetters.redrive(TOPIC, letter)).toMatchObject({
    outcome: "redriven",
    runId: expect.not.stringMatching(first),
  });
  expect(await lab.raw.exists(lettersKey(TOPIC))).toBe(0);
});

it("[dlq.redrive-resent] names the new run where the reply was lost and the command was sent again", async () => {
  const given = message(newUuid());
  const { conversation_id: id } = given.envelope;
  await bus.conversations.accept(given);
  const error = { code: "x", message: "y", retryable: true };
  await (await claimed(bus, id)).finish({ status: "failed", usage: USAGE, error, history: [] });
  const [letter = ""] = await giveUp();
  proxy.loseReplyTo("evalsha", `{stream:${id}}:inbox`);
  const redriven = await bus.deadLetters.redrive(TOPIC, letter);
  expect(proxy.lost).toBe(1);
  const { run } = await claimed(bus, id);
  expect(redriven).toEqual({ outcome: "redriven", runId: run.id });
});

it("[dlq.once] gives up again on what was redriven, or taken out by hand", async () => {
  const bury = () =>
    queue.deadLetterMessage(
      TOPIC,
      { id: "m", payload: "{", firstSeenMs: 1, source: { entryId: "1-1", deliveries: 1 } },
      ERROR,
    );
  await bury();
  await bury();
  const [letter = "", ...more] = (await bus.deadLetters.list({ limit: 10 })).data.map(({ entry }) => entry);
  expect(more).toEqual([]);
  await lab.raw.xdel(DLQ, letter);
  await bury();
  const [again = ""] = (await bus.deadLetters.list({ limit: 10 })).data.map(({ entry }) => entry);
  await bus.deadLetters.redrive(TOPIC, again);
  await bury();
  expect(await bus.queues.dlqSize(TOPIC)).toBe(1);
});

it("[dlq.delete-resent] says that it removed a letter where the reply was lost and the command was sent again", async () => {
  await lab.raw.xadd(TOPIC, "*", "id", "a", "payload", "{");
  const [letter = ""] = await giveUp();
  proxy.loseReplyTo("xdel", DLQ);
  expect(await bus.deadLetters.remove(TOPIC, letter)).toBe("removed");
  expect(proxy.lost).toBe(1);
  expect(await bus.deadLetters.remove(TOPIC, letter)).toBe("missing");
});
