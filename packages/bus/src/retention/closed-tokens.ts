import { compareEntryIds, formatEntryId, isTerminal, parseEntryId, type RunStatus } from "@holdfast/protocol";
import type { LogLine } from "../ports/entry.ts";

/**
 * Finds the tokens that a log no longer needs (protocol §3.5): those of a step whose text `step` or `output` has fixed, and
 * of a run that is over. Lines must come in order, from a place before which nothing is left to compact.
 */
export class ClosedTokens {
  readonly #closedBeforeMs: number;
  /** Entry ids by run, then by step. */
  readonly #open = new Map<string, Map<number, string[]>>();
  /** Closed too lately: readers may still be at it. */
  readonly #resting: string[][] = [];
  #doomed: string[][] = [];
  #lastId = "";

  constructor(closedBeforeMs: number) {
    this.#closedBeforeMs = closedBeforeMs;
  }

  read({ id, payload }: LogLine): void {
    this.#lastId = id;
    const event = JSON.parse(payload) as Closing;
    if (event.run_id === undefined) return;
    const steps = this.#open.get(event.run_id) ?? new Map<number, string[]>();
    if (event.event === "token") {
      this.#open.set(event.run_id, steps);
      const ids = steps.get(event.step ?? 0) ?? [];
      steps.set(event.step ?? 0, ids);
      ids.push(id);
    } else if (event.event === "step") {
      this.#close(steps.get(event.step ?? 0), event.created_at);
      steps.delete(event.step ?? 0);
    } else if (isEnd(event)) {
      for (const ids of steps.values()) this.#close(ids, event.created_at);
      this.#open.delete(event.run_id);
    }
  }

  /** What was found since the last call: lists of entry ids, each oldest first. */
  take(): string[][] {
    const doomed = this.#doomed;
    this.#doomed = [];
    return doomed;
  }

  /** Tokens that will be closed, or are but rest a little. */
  get hasMore(): boolean {
    return this.#firstKept() !== undefined;
  }

  /** Entry id up to which nothing is left to compact; '' when nothing was read. */
  get settledThrough(): string {
    return before(this.#firstKept()) ?? this.#lastId;
  }

  #close(ids: string[] | undefined, closedAt: string | undefined): void {
    if (ids === undefined || ids.length === 0) return;
    const isRecent = Date.parse(closedAt ?? "") > this.#closedBeforeMs;
    (isRecent ? this.#resting : this.#doomed).push(ids);
  }

  #firstKept(): string | undefined {
    const open = [...this.#open.values()].flatMap((steps) => [...steps.values()]);
    const firsts = [...open, ...this.#resting].flatMap((ids) => ids.slice(0, 1));
    return firsts.toSorted(compareEntryIds)[0];
  }
}

interface Closing {
  readonly event: string;
  readonly run_id?: string;
  readonly step?: number;
  readonly status?: RunStatus;
  readonly created_at?: string;
}

const isEnd = ({ event, status }: Closing): boolean =>
  event === "output" || (event === "run" && status !== undefined && isTerminal(status));

/** The id that would stand directly before; seq counts from 1. */
function before(id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const { epoch, seq } = parseEntryId(id);
  return formatEntryId({ epoch, seq: seq - 1 });
}
