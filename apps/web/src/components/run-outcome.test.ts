import { describe, expect, it } from "@jest/globals";
import { emptyConversation, reduce, type RunItem, runsOf } from "@holdfast/client";
import type { Agent } from "@holdfast/protocol";
import { outcomeOf } from "./run-outcome.ts";

const agent: Agent = { name: "assistant", state: "running", queue_length: 0, lag: 0, workers: 1 };

function runWith(change: Partial<RunItem>): RunItem {
  const event = {
    event: "run",
    run_id: "r",
    message_id: "m",
    attempt: 0,
    status: "queued",
    agent: "assistant",
    created_at: "",
  };
  const [run] = runsOf(reduce(emptyConversation, { id: "1-1", event }));
  if (!run) throw new Error("the reducer made no run");
  return { ...run, ...change };
}

const textOf = (change: Partial<RunItem>, of: Agent = agent, isBehind = false) =>
  outcomeOf(runWith(change), of, isBehind)?.text;

describe("outcomeOf", () => {
  it("says why a queued message waits", () => {
    expect(textOf({})).toBe("Queued");
    expect(textOf({}, agent, true)).toBe("Queued behind the answer above");
    expect(textOf({}, { ...agent, state: "paused" })).toContain("paused");
    expect(textOf({}, { ...agent, workers: 0 })).toContain("No worker is running");
  });

  it("gives a failure in the server's words, with what to do, and offers to try again only where that may help", () => {
    const error = { code: "x", message: "The model is overloaded.", retryable: true };
    expect(outcomeOf(runWith({ status: "failed", error }), agent, false)).toMatchObject({
      text: error.message,
      canTryAgain: true,
    });
    const final = { ...error, retryable: false };
    expect(outcomeOf(runWith({ status: "failed", error: final }), agent, false)).toMatchObject({ canTryAgain: false });
    expect(textOf({ status: "failed" })).toBe("The run failed.");
  });

  it("tells early ends apart and names their reason", () => {
    expect(textOf({ status: "incomplete", finishReason: "budget", reason: "tokens_per_run" })).toBe(
      "The run reached its budget. (tokens per run)",
    );
    expect(textOf({ status: "incomplete", finishReason: "length" })).toContain("length limit");
    expect(textOf({ status: "completed", finishReason: "stop" })).toBeUndefined();
    expect(textOf({ status: "completed", reason: "steered" })).toContain("being written");
    expect(textOf({ status: "in_progress" })).toBeUndefined();
  });
});
