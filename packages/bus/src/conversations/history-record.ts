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

export function readRecord(stored: string): HistoryRecord {
  const { shown, model } = JSON.parse(stored) as HistoryRecord;
  return model === undefined ? { shown } : { shown, model: { ...model, content: model.content ?? shown.content } };
}
