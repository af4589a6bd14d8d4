import type { HistoryRecord } from "../ports/runs.ts";

/**
 * A record of the history as it is stored. What the model is told is most often what people see: then its text stands
 * there once.
 */
export function storeRecord({ shown, model }: HistoryRecord): string {
  if (model === undefined || model.content !== shown.content) return JSON.stringify({ shown, model });
  const { content: _content, ...rest } = model;
  return JSON.stringify({ shown, model: rest });
}

export function readRecord(stored: string): HistoryRecord & Placed {
  const { shown, model, ...placed } = JSON.parse(stored) as HistoryRecord & Placed;
  return {
    ...placed,
    shown,
    ...(model === undefined ? {} : { model: { ...model, content: model.content ?? shown.content } }),
  };
}

export interface Placed {
  /** Of a turn that was cancelled while it waited, perhaps before earlier ones had ended. */
  readonly turn?: number;
}

/** Where in the history a turn belongs that ends now: before later ones that were cancelled while they waited (insert-turn.lua). */
export function placeOfTurn(records: readonly Placed[], turn: number): number {
  let at = records.length;
  while (at > 0 && (records[at - 1]?.turn ?? 0) > turn) at -= 1;
  return at;
}
