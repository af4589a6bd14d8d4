import { expect, it } from "@jest/globals";
import { withUniqueIds } from "./call-ids.ts";
import { RunProgress } from "./run-progress.ts";

const call = (id: string) => ({ id, name: "t", arguments: "{}" });

it("keeps the model's ids and replaces those that are missing or taken", () => {
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  const progress = new RunProgress({ steps: [], results: new Map(), started: new Map(), steered: new Map() });
  progress.addStep({ step: 0, text: "", calls: [call("call_1")], usage, created_at: "" });
  const ids = withUniqueIds(["call_9", "call_1", "", "call_9", "call_1_1"].map(call), progress).map(({ id }) => id);
  expect(ids).toEqual(["call_9", "call_1_1", "call_1_2", "call_1_3", "call_1_4"]);
  expect(new Set(ids).size).toBe(ids.length);
});
