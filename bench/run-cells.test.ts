import { expect, it } from "@jest/globals";
import { readOptions } from "./options.ts";
import type { CellResult } from "./results.ts";
import { runCells } from "./run-cells.ts";

it("the bench measures every system that takes part, in turns, and sees every token once", async () => {
  const said: CellResult[] = [];
  const options = readOptions(["--only", "W1", "--reps", "1", "--scale", "0.02"]);
  const results = await runCells(options, (result) => said.push(result));
  expect(results.map(({ system, error }) => [system, error])).toEqual([
    ["direct", undefined],
    ["naive", undefined],
    ["bull", undefined],
    ["holdfast", undefined],
  ]);
  for (const { metrics } of results) {
    expect(metrics).toMatchObject({ chats: 1, expected: 10, tokens: 10, lost: 0, duplicated: 0, garbled: 0 });
    expect(metrics["latency_p99_ms"]).toBeGreaterThan(0);
  }
  expect(Object.keys(results.at(-1)?.metrics ?? {})).toEqual(
    expect.arrayContaining([
      "cpu_us_per_token.gateway",
      "cpu_us_per_token.redis",
      "rss_mb.worker",
      "rss_mb.tool-runner",
    ]),
  );
  expect(said).toEqual(results);
}, 180_000);
