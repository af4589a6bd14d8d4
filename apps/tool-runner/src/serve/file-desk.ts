import { setTimeout as delay } from "node:timers/promises";
import type { Bus, Entry, WorkQueue } from "@holdfast/bus";
import { type FileAnswer, FileQuestion, FILES_TOPIC, isUuid, TOOL_RUNNERS_GROUP } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import { listFiles, readPart } from "../terminal/workspace-files.ts";

/*
 * Answers what the gateway asks about the files of conversations: any tool-runner may, because all of them work on the same
 * workspaces. A question that nobody waits for any more is dropped, so one whose runner died is too.
 */

const AT_ONCE = 8;
const BLOCK_MS = 1_000;
const TROUBLE_PAUSE_MS = 500;
/** What dead runners have left is put away now and then. */
const RECLAIM_EVERY_MS = 30_000;

export interface FileDeskParts {
  readonly bus: Pick<Bus, "queues" | "files">;
  /** The directory of a conversation, without making it. */
  readonly directoryOf: (conversationId: string) => string;
  readonly logger: Logger;
}

export class FileDesk {
  readonly #parts: FileDeskParts;
  readonly #queue: WorkQueue;
  #isStopping = false;
  #reclaimedMs = performance.now();
  #loop: Promise<void> | undefined;

  constructor(parts: FileDeskParts) {
    this.#parts = parts;
    this.#queue = parts.bus.queues.open({ topics: [FILES_TOPIC], group: TOOL_RUNNERS_GROUP });
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#loop;
    await this.#queue.close();
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      try {
        await Promise.all((await this.#entries()).map((entry) => this.#serve(entry)));
      } catch (error) {
        if (this.#isStopping) return;
        this.#parts.logger.warn("questions about files cannot be read; trying again", { error });
        await delay(TROUBLE_PAUSE_MS);
      }
    }
  }

  async #entries(): Promise<Entry[]> {
    const entries = await this.#queue.read(AT_ONCE, BLOCK_MS);
    if (performance.now() - this.#reclaimedMs < RECLAIM_EVERY_MS) return entries;
    this.#reclaimedMs = performance.now();
    return [...entries, ...(await this.#queue.reclaim(AT_ONCE))];
  }

  async #serve(entry: Entry): Promise<void> {
    const question = readQuestion(entry);
    if (question && question.until > Date.now()) {
      await this.#parts.bus.files.answer(entry.id, await this.#answerTo(question));
    }
    await this.#queue.ack(entry);
  }

  async #answerTo({ conversation_id, path, offset }: FileQuestion): Promise<FileAnswer> {
    const directory = this.#parts.directoryOf(conversation_id);
    return path === undefined ? await listFiles(directory) : await readPart(directory, path, offset);
  }
}

function readQuestion({ id, payload }: Entry): FileQuestion | undefined {
  if (!isUuid(id)) return undefined;
  try {
    return FileQuestion.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined;
  }
}
