import { AgentConfig } from "@holdfast/protocol";
import { expect, it } from "@jest/globals";
import { outputLimit, reachedLimit } from "./budget.ts";
import { RunProgress } from "./run-progress.ts";

const agent = AgentConfig.parse({
  model: "m",
  max_steps: 2,
  max_output_tokens: 50,
  budget: { tokens_per_run: 100, tool_calls_per_run: 2 },
});

function after(steps: { calls?: number; tokens?: number }[]): RunProgress {
  const progress = new RunProgress({ steps: [], results: new Map(), started: new Map(), steered: new Map() });
  for (const [step, { calls = 0, tokens = 0 }] of steps.entries()) {
    const usage = { input_tokens: 0, output_tokens: tokens, total_tokens: tokens };
    const list = Array.from({ length: calls }, (_, index) => ({ id: `${step}.${index}`, name: "t", arguments: "{}" }));
    progress.addStep({ step, text: "", calls: list, usage, created_at: "" });
  }
  return progress;
}

it("lets a run use up each limit, and no more", () => {
  expect(reachedLimit(agent, after([{ calls: 2, tokens: 99 }]))).toBeUndefined();
  expect(reachedLimit(agent, after([{}, {}]))).toBe("max_steps");
  expect(reachedLimit(agent, after([{ tokens: 100 }]))).toBe("budget_tokens");
  expect(reachedLimit(agent, after([{ calls: 3 }]))).toBe("budget_tool_calls");
});

it("lets the last answer say only what the budget still holds", () => {
  expect(outputLimit(agent, after([]))).toBe(50);
  expect(outputLimit(agent, after([{ tokens: 80 }]))).toBe(20);
});
