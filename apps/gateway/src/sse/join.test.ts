import { expect, it } from "@jest/globals";
import type { EventLog, LogLine } from "@holdfast/bus";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { gatewayLab, say } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();

/** The real log, whose answers to `read` can be kept back: what Redis said before something else happened. */
class LateAnswers {
  readonly answered: LogLine[][] = [];
  #release: (() => void) | undefined;
  #released: Promise<void> = Promise.resolve();

  readonly through = (log: EventLog): EventLog => ({
    renew: (id, known) => log.renew(id, known),
    head: (id) => log.head(id),
    locate: (id, uuid) => log.locate(id, uuid),
    follow: (id, follower) => log.follow(id, follower),
    read: async (id, after, limit) => {
      const lines = await log.read(id, after, limit);
      this.answered.push(lines);
      await this.#released;
      return lines;
    },
  });

  hold(): void {
    this.#released = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release?.();
    this.#released = Promise.resolve();
  }
}

async function joining() {
  const conversation = newUuid();
  const answers = new LateAnswers();
  const gateway = await lab.open({ throughLog: answers.through });
  const url = `${gateway.url}/v1/conversations/${conversation}/stream`;
  await lab.send(conversation);
  const early = await lab.read(url);
  const lease = await lab.claim(conversation);
  const at = await say(lease, ["a"]);
  await early.untilText("a");

  answers.hold();
  const known = answers.answered.length;
  const opening = lab.read(url);
  await until(() => answers.answered.length > known);
  // Its first page was read before it joined, and ends too early by now: it reads on, and that answer is kept back too.
  const then = await say(lease, ["b"], at);
  await early.untilText("ab");
  answers.release();
  answers.hold();
  const late = await opening;
  await until(() => answers.answered.length > known + 1);
  return { answers, early, late, lease, at: then };
}

it("[sse.join] gives a reader what was delivered live between its history and its joining", async () => {
  const { answers, early, late, lease, at } = await joining();
  const then = await say(lease, ["c", "d"], at);
  await early.untilText("abcd");
  answers.release();
  await late.untilText("abcd");
  await say(lease, ["e"], then);
  await Promise.all([early.untilText("abcde"), late.untilText("abcde")]);
  expect(late.ids.at(-1)).toBe(early.ids.at(-1));
});

it("[sse.join] reads on where more was delivered meanwhile than is held", async () => {
  const { answers, early, late, lease, at } = await joining();
  const words = Array.from({ length: 130 }, (_, n) => `w${n} `);
  let then = at;
  for (const word of words) {
    then = await say(lease, [word], then);
    // One batch each: what is held is counted in batches.
    await until(() => early.text.length === then.offset, { intervalMs: 0 });
  }
  answers.release();
  await late.untilText(`ab${words.join("")}`);
  expect(new Set(late.ids).size).toBe(late.ids.length);
});
