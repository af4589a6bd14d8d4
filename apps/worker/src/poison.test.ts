import { chatTopic } from "@holdfast/protocol";
import { type TestService, until } from "@holdfast/testing";
import { expect, it, jest } from "@jest/globals";
import { stagedWorkers } from "./test-fixtures/staged-workers.ts";

jest.setTimeout(240_000);

const on = stagedWorkers();

const YAML = "agents:\n  assistant: { model: scripted-model }\n";
const letters = () => on.stage.entries(`dlq:${chatTopic("assistant")}`);

/** One worker at a time: whenever it dies another is started, until the test has seen enough. */
class Ranks {
  deaths = 0;
  #current: TestService | undefined;
  #isOver = false;
  #living: Promise<void> | undefined;

  start(): void {
    this.#living = this.#goOn();
  }

  killCurrent(): void {
    this.deaths += 1;
    this.#current?.kill("SIGKILL");
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#current?.kill("SIGKILL");
    await this.#living;
  }

  async #goOn(): Promise<void> {
    while (!this.#isOver) {
      this.#current = await on.workers.spawn({}, YAML);
      await this.#current.exit;
    }
  }
}

/** What is asked last: "poison" kills its worker as soon as the model hears of it, all else is answered after a while. */
function scriptPoison(ranks: Ranks): void {
  on.stage.model.script(({ request }) => {
    const asked = request.messages.at(-1)?.text ?? "";
    if (asked !== "poison") return { pieces: [{ pauseMs: 400 }, `answer to ${asked}`] };
    ranks.killCurrent();
    return { pieces: [{ hang: true }] };
  });
}

it("[worker.poison] a message that kills its worker each time ends failed and in the dead letters after three deaths", async () => {
  const ranks = new Ranks();
  scriptPoison(ranks);
  const talk = on.stage.talk();
  const runId = await talk.say("poison");
  const next = await talk.say("and now?");
  ranks.start();
  const { run } = await talk.ended(runId, 120_000);
  expect(run).toMatchObject({ status: "failed", reason: "workers_died", error: { code: "workers_died" } });
  expect(ranks.deaths).toBe(3);
  expect((await talk.ended(next)).text).toBe("answer to and now?");
  await until(async () => (await letters()).length > 0, { timeoutMs: 20_000 });
  await ranks.stop();
  expect(await letters()).toMatchObject([
    {
      payload: expect.stringContaining("poison"),
      error: expect.stringMatching(/^workers_died: /),
      first_seen: expect.stringMatching(/^\d{4}-/),
      source_id: expect.stringMatching(/^\d+-\d+$/),
      deliveries: expect.stringMatching(/^\d+$/),
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  ]);
});

it("[worker.poison-alone] takes none of its neighbours along: they are all answered", async () => {
  const ranks = new Ranks();
  scriptPoison(ranks);
  const neighbours = Array.from({ length: 40 }, () => on.stage.talk());
  const runIds = await Promise.all(neighbours.map((talk, index) => talk.say(`${index}`)));
  const poisoned = on.stage.talk();
  const runId = await poisoned.say("poison");
  ranks.start();
  const { run } = await poisoned.ended(runId, 180_000);
  expect(run).toMatchObject({ status: "failed", error: { code: "workers_died" } });
  for (const [index, talk] of neighbours.entries())
    expect((await talk.ended(runIds[index] ?? "", 120_000)).text).toBe(`answer to ${index}`);
  expect(ranks.deaths).toBeLessThanOrEqual(8);
  await ranks.stop();
  expect(await letters()).toHaveLength(1);
});
