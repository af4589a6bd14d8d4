import { expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import type { HistoryRecord } from "../ports/runs.ts";
import { readRecord, storeRecord } from "./history-record.ts";

const shown = { id: newUuid(), role: "assistant" as const, content: "said", run_id: newUuid(), created_at: "" };

it.each<[string, HistoryRecord]>([
  ["what people and the model have alike", { shown, model: { role: "assistant", content: "said", calls: [] } }],
  ["what is redacted for people", { shown, model: { role: "tool", tool_call_id: "a", content: "a secret" } }],
  ["what the model is told nothing of", { shown }],
  ["an empty text", { shown: { ...shown, content: "" }, model: { role: "assistant", content: "", calls: [] } }],
])("gives back %s", (_what, record) => {
  expect(readRecord(storeRecord(record))).toEqual(record);
});

it("stores a text once", () => {
  expect(storeRecord({ shown, model: { role: "user", content: "said" } }).split("said")).toHaveLength(2);
});
