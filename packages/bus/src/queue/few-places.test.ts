import { chatTopic, newUuid, WORKERS_GROUP } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { expect, it } from "@jest/globals";
import { busLab } from "../test-lab/bus-lab.ts";

const lab = busLab();

/** Queues of so many consumers over the same topics, which each hold `backlog` entries. */
async function over(topicCount: number, consumers: number, backlog: number) {
  const topics = Array.from({ length: topicCount }, () => chatTopic(newUuid()));
  const publish = (topic: string) => lab.raw.xadd(topic, "*", "id", newUuid(), "payload", "{}");
  for (const topic of topics) {
    await lab.raw.xgroup("CREATE", topic, WORKERS_GROUP, "0", "MKSTREAM");
    for (let at = 0; at < backlog; at += 1) await publish(topic);
  }
  const open = () => lab.openBus().queues.open({ topics, group: WORKERS_GROUP });
  const queues = Array.from({ length: consumers }, open);
  return { topics, publish, queues, close: () => Promise.all(queues.map((queue) => queue.close())) };
}

it.each([1, 2, 4])(
  "[queue.few-places] brings %d entries to a consumer with so many free places and a backlog in five topics",
  async (free) => {
    const { queues, close } = await over(5, 2, 4);
    for (const queue of queues) expect(await queue.read(free, 1_000)).toHaveLength(free);
    await close();
  },
);

it("[queue.few-places] reads all topics in turn, also while one of them is left to others now and then", async () => {
  const { topics, queues, close } = await over(5, 1, 4);
  const [queue] = queues;
  const seen: string[] = [];
  for (const at of topics.keys()) {
    const without = at % 2 === 1 ? topics.slice(at - 1, at) : [];
    seen.push(...((await queue?.read(1, 1_000, without)) ?? []).map(({ topic }) => topic));
  }
  expect(seen).toEqual(topics);
  await close();
});

it("[queue.few-places] finds the one topic that has entries, and waits for what comes in any of them", async () => {
  const { topics, publish, queues, close } = await over(5, 1, 0);
  const [queue] = queues;
  for (const topic of topics) {
    await publish(topic);
    expect(await queue?.read(2, 600_000)).toMatchObject([{ topic }]);
  }
  for (const topic of topics) {
    const waiting = queue?.read(2, 600_000);
    await until(async () => / flags=b .* cmd=xreadgroup/.test((await lab.raw.client("LIST")) as string));
    await publish(topic);
    expect(await waiting).toMatchObject([{ topic }]);
  }
  await close();
});
