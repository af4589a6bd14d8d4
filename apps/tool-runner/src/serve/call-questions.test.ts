import { newUuid, type ToolQuestion } from "@holdfast/protocol";
import type { QuestionState } from "@holdfast/bus";
import { createLogger } from "@holdfast/telemetry";
import { until } from "@holdfast/testing";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { CallQuestions } from "./call-questions.ts";

const FORM = { message: "Who?", requestedSchema: { type: "object" as const, properties: {} } };

/** Asked by one call, of a bus that says what the test says. */
function asking(expiryMs = 600_000) {
  const open: (readonly ToolQuestion[])[] = [];
  const bus = {
    state: { status: "missing" } as QuestionState,
    looks: 0,
    told: "told" as "told" | "ended",
    isAway: false,
  };
  const stopping = new AbortController();
  const call = {
    tool_call_id: "call-1",
    conversation_id: newUuid(),
    run_id: newUuid(),
    agent: "assistant",
    step: 0,
    name: "ask",
    arguments: {},
    timeout_ms: 1,
    created_at: new Date().toISOString(),
  };
  const questions = new CallQuestions({ id: newUuid() }, "bank", call, {
    journal: {
      questionId: () => newUuid(),
      questions: async (_conversation, _id, all) => {
        open.push(all);
        return bus.told;
      },
    },
    questions: {
      approvals: {
        answerOf: async () => {
          bus.looks += 1;
          if (bus.isAway) throw new Error("Redis is away");
          return bus.state;
        },
        forgetContent: async () => undefined,
      },
      expiryMs,
    },
    stopping: stopping.signal,
    logger: createLogger({ service: "test", level: "error" }),
  });
  const cancel = new AbortController();
  return { bus, open, stopping, cancel, ask: () => questions.ask(FORM, cancel.signal) };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it("[elicitation.runner] cancels what no worker takes up, but not while Redis is away", async () => {
  const { bus, ask, open } = asking();
  const answer = ask();
  bus.isAway = true;
  await jest.advanceTimersByTimeAsync(60_000);
  bus.isAway = false;
  bus.state = { status: "requested" };
  await jest.advanceTimersByTimeAsync(60_000);
  // It was asked, and then its conversation was deleted.
  bus.state = { status: "missing" };
  await jest.advanceTimersByTimeAsync(1_000);
  expect(await answer).toEqual({ action: "cancel" });
  expect(open.map((all) => all.length)).toEqual([1, 0]);
  const unasked = asking();
  const other = unasked.ask();
  await jest.advanceTimersByTimeAsync(29_000);
  expect(unasked.open).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(2_000);
  expect(await other).toEqual({ action: "cancel" });
});

it("[elicitation.runner] cancels when the time is up, the call ends, or the process stops", async () => {
  const late = asking(5_000);
  late.bus.state = { status: "requested" };
  const answer = late.ask();
  await jest.advanceTimersByTimeAsync(6_000);
  expect(await answer).toEqual({ action: "cancel" });
  for (const how of ["cancel", "stopping"] as const) {
    const one = asking();
    one.bus.state = { status: "requested" };
    const cut = one.ask();
    await jest.advanceTimersByTimeAsync(1_000);
    one[how].abort();
    expect(await cut).toEqual({ action: "cancel" });
    expect(one.open.at(-1)).toEqual([]);
  }
  const ended = asking();
  ended.bus.told = "ended";
  expect(await ended.ask()).toEqual({ action: "cancel" });
  expect(ended.bus.looks).toBe(0);
});

it("[elicitation.runner] asks at most eight at once and thirty-two in all, and answers within a second", async () => {
  const { bus, ask, open } = asking();
  bus.state = { status: "requested" };
  const first = Array.from({ length: 9 }, () => ask());
  expect(await first[8]).toEqual({ action: "cancel" });
  bus.state = { status: "approved", content: { name: "Ann" } };
  await jest.advanceTimersByTimeAsync(1_000);
  expect(await Promise.all(first.slice(0, 8))).toEqual(
    Array.from({ length: 8 }, () => ({ action: "accept", content: { name: "Ann" } })),
  );
  bus.state = { status: "rejected" };
  const more: string[] = [];
  for (let n = 0; n < 25; n += 1) more.push((await ask()).action);
  expect(more).toEqual([...Array.from({ length: 24 }, () => "decline"), "cancel"]);
  jest.useRealTimers();
  await until(() => open.at(-1)?.length === 0);
});
