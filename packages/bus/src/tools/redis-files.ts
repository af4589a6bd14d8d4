import { setTimeout as delay } from "node:timers/promises";
import { FileAnswer, type FileQuestion, FILES_TOPIC, newUuid } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { fileAnswerKey } from "../keys.ts";
import type { Files } from "../ports/files.ts";
import type { Queues } from "../ports/work-queue.ts";

/** An answer that nobody has fetched by then is not wanted any more. */
const KEPT_MS = 15_000;
/** Questions are rare, so whoever asks looks for the answer, ever less often. */
const FIRST_LOOK_MS = 5;
const MOST_LOOK_MS = 50;

export class RedisFiles implements Files {
  readonly #commands: Commands;
  readonly #queues: Pick<Queues, "publish">;

  constructor(commands: Commands, queues: Pick<Queues, "publish">) {
    this.#commands = commands;
    this.#queues = queues;
  }

  async ask(question: Omit<FileQuestion, "until">, withinMs: number): Promise<FileAnswer | undefined> {
    const id = newUuid();
    const until = Date.now() + withinMs;
    await this.#queues.publish(FILES_TOPIC, id, JSON.stringify({ ...question, until }), {});
    for (let pauseMs = FIRST_LOOK_MS; Date.now() < until; pauseMs = Math.min(pauseMs * 2, MOST_LOOK_MS)) {
      await delay(pauseMs);
      const answer = await this.#commands.send((redis) => redis.getdel(fileAnswerKey(id)));
      if (answer !== null) return FileAnswer.parse(JSON.parse(answer));
    }
    return undefined;
  }

  async answer(questionId: string, answer: FileAnswer): Promise<void> {
    const text = JSON.stringify(answer);
    await this.#commands.send((redis) => redis.set(fileAnswerKey(questionId), text, "PX", KEPT_MS));
  }
}
