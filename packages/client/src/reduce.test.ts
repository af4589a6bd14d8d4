import { describe, expect, it } from "@jest/globals";
import type { Frame } from "./frame.ts";
import { reduce } from "./reduce.ts";
import { activeRun, answerText, pendingApprovals, runsOf } from "./selectors.ts";
import { type ConversationState, emptyConversation, type RunItem } from "./state.ts";
import {
  asked,
  attempt,
  frameOf,
  logOf,
  MESSAGE,
  output,
  type PartialEvent,
  RUN,
  status,
  token,
} from "./fixtures/log-builder.ts";
import { withoutOutputStep } from "./fixtures/log-readers.ts";

const apply = (frames: readonly Frame[], from = emptyConversation) => frames.reduce(reduce, from);
const runOf = (state: ConversationState) => runsOf(state)[0] as RunItem;
const textOf = (...events: PartialEvent[]) => answerText(runOf(apply(logOf(...events))));

it("[client.attempt-unknown] keeps the last step's text as the answer where the next attempt of the run ends without a word", () => {
  const step = { event: "step" as const, step: 0, text: "I look.", text_sha256: "", finish_reason: "tool_calls" };
  const frames = logOf(
    asked(),
    status("queued"),
    status("in_progress"),
    attempt(1, "start", 0),
    token(0, "I look."),
    step,
    attempt(2, "supersede", 0, 1),
    output("I look.", { attempt: 2, finish_reason: "error", step: 0 }),
    { ...status("failed"), attempt: 2 },
  );
  for (const log of [frames, withoutOutputStep(frames)]) {
    expect(answerText(runOf(apply(log)))).toBe("I look.");
  }
});

describe("ids", () => {
  it("[client.reader] ignores an id that is not greater than the last applied one, compared as numbers", () => {
    const state = apply([frameOf(9, token(0, "a")), frameOf(10, token(1, "b"))]);
    const again = apply([frameOf(9, token(2, "X")), frameOf(10, token(2, "X"))], state);
    expect(again).toBe(state);
    expect(answerText(runOf(apply([frameOf(11, token(2, "c"))], state)))).toBe("abc");
  });

  it("takes a later epoch as greater, whatever its seq", () => {
    const state = apply([frameOf(50, token(0, "a"), 99), frameOf(1, token(1, "b"), 100)]);
    expect([state.cursor, answerText(runOf(state))]).toEqual(["100-1", "ab"]);
  });

  it("moves the cursor over unknown and malformed events and shows nothing of them", () => {
    const unknown = { id: "1-1", event: { event: "sparkle" } };
    const malformed = { id: "1-2", event: { event: "token", text: 7 } };
    expect(apply([unknown, malformed])).toEqual({ conversationId: null, cursor: "1-2", items: [] });
  });

  it("[client.reader] forgets the conversation at a reset, even at one whose id is behind", () => {
    const state = apply(logOf(asked(), status("in_progress"), token(0, "lost tail")));
    const reset = frameOf(0, { event: "reset", reason: "unknown", snapshot_url: "/v1/conversations/x" });
    expect(apply([reset], state)).toMatchObject({ cursor: reset.id, items: [] });
    expect(answerText(runOf(apply([reset, ...logOf(asked(), token(0, "kept"))], state)))).toBe("kept");
  });
});

describe("text", () => {
  it("appends a token only where its offset equals the length shown, in UTF-16 code units", () => {
    expect(textOf(token(0, "a😀"), token(2, "no"), token(4, "no"), token(3, "é"), token(4, "!"))).toBe("a😀é!");
  });

  it("takes a merged frame as one token", () => {
    expect(textOf(token(0, "one two "), token(8, "three"))).toBe("one two three");
  });

  it("counts text and reasoning apart", () => {
    const state = apply(
      logOf(token(0, "hm", { channel: "reasoning" }), token(0, "Yes"), token(2, "m", { channel: "reasoning" })),
    );
    expect(runOf(state).steps[0]).toMatchObject({ text: "Yes", reasoning: "hmm" });
  });

  it("[client.reader] cuts at keep_offset and drops the reasoning when an attempt supersedes", () => {
    const frames = logOf(
      token(0, "think", { channel: "reasoning" }),
      token(0, "Hello wor"),
      attempt(2, "supersede", 5),
    );
    const run = runOf(apply(frames));
    expect(run.steps[0]).toMatchObject({ text: "Hello", reasoning: "" });
    expect(run.restarts).toEqual([{ attempt: 2, step: 0, cause: "lease_expired" }]);
  });

  it("keeps text and reasoning when an attempt continues", () => {
    const frames = logOf(token(0, "think", { channel: "reasoning" }), token(0, "Hello"), attempt(2, "continue", 5));
    const run = runOf(apply(frames));
    expect(run).toMatchObject({ attempt: 2, restarts: [] });
    expect(run.steps[0]).toMatchObject({ text: "Hello", reasoning: "think" });
  });

  it("[client.reader] ignores attempts, tokens and tool steps of an attempt older than the newest", () => {
    const zombie = {
      event: "tool_step",
      step: 0,
      tool_call_id: "t",
      name: "run",
      args: {},
      status: "started",
    } as const;
    const run = runOf(apply(logOf(attempt(3, "start", 0), token(0, "x"), attempt(2, "start", 0), zombie)));
    expect(run).toMatchObject({ attempt: 3 });
    expect(run.steps).toMatchObject([{ text: "", tools: [] }]);
  });

  it("lets step.text and output.text win over tokens, and takes no token after them", () => {
    const closing = { event: "step", step: 0, text: "Right", finish_reason: "tool_calls" } as const;
    const run = runOf(
      apply(logOf(token(0, "Wrong"), closing, token(5, "!"), token(0, "no", { step: 1 }), output("Done"))),
    );
    expect(run.steps.map((step) => step.text)).toEqual(["Right", "Done"]);
    expect(run.finishReason).toBe("stop");
  });

  it("gives output.text a step of its own where compaction took the last step's tokens", () => {
    const closing = { event: "step", step: 0, text: "Looking", finish_reason: "tool_calls" } as const;
    expect(runOf(apply(logOf(closing, output("Found")))).steps.map((step) => step.text)).toEqual(["Looking", "Found"]);
  });

  it("leaves the steps as they are where a run was cancelled at its tools", () => {
    const closing = { event: "step", step: 0, text: "Looking", finish_reason: "tool_calls" } as const;
    const run = runOf(apply(logOf(closing, output("Looking", { finish_reason: "cancelled" }))));
    expect(run.steps.map((step) => step.text)).toEqual(["Looking"]);
  });
});

describe("runs", () => {
  it("shows each message once, followed by its runs, also when answers come after later questions", () => {
    const second = { run_id: "other", message_id: "later" } as const;
    const state = apply(
      logOf(
        asked("one"),
        status("queued"),
        { ...asked("two"), message_id: "later" },
        { ...status("queued"), ...second },
        asked("one"),
        { ...status("queued"), run_id: "redriven" },
      ),
    );
    const shown = state.items.map((item) => (item.kind === "run" ? item.runId : item.kind));
    expect(shown).toEqual(["user_message", RUN, "redriven", "user_message", "other"]);
  });

  it("names the run in work as the active one, else the first that waits", () => {
    const queued = apply(logOf(asked(), status("queued")));
    expect(activeRun(queued)?.runId).toBe(RUN);
    const ended = apply(
      [frameOf(3, { ...status("failed"), error: { code: "x", message: "y", retryable: false } })],
      queued,
    );
    expect(activeRun(ended)).toBeUndefined();
    expect(runOf(ended).error).toMatchObject({ message: "y" });
  });

  it("follows a tool call from its start over live output to its end", () => {
    const call = {
      event: "tool_step",
      step: 0,
      tool_call_id: "t1",
      name: "terminal",
      args: { command: "ls" },
    } as const;
    const frames = logOf(
      { ...call, status: "started" },
      { ...call, status: "output", output: "a\n" },
      { ...call, status: "output", output: "b\n" },
      { ...call, status: "completed", result_summary: "2 files", duration_ms: 12 },
    );
    const [tool] = runOf(apply(frames)).steps[0]?.tools ?? [];
    expect(tool).toMatchObject({ status: "completed", output: "a\nb\n", resultSummary: "2 files", durationMs: 12 });
    const again = apply([...frames, frameOf(9, { ...call, attempt: 2, status: "started" })]);
    expect(runOf(again).steps[0]?.tools).toMatchObject([{ status: "started", output: "" }]);
  });

  it("keeps an approval until it is decided", () => {
    const ask = {
      event: "approval",
      approval_id: "a1",
      tool_call_id: "t1",
      name: "terminal",
      args: {},
      args_sha256: "s",
    } as const;
    const pending = apply(logOf({ ...ask, status: "requested" }));
    expect(pendingApprovals(pending)).toMatchObject([{ approvalId: "a1" }]);
    const decided = apply([frameOf(2, { ...ask, status: "approved", decided_by: "user:ada" })], pending);
    expect(pendingApprovals(decided)).toEqual([]);
    expect(runOf(decided).approvals).toMatchObject([{ status: "approved", decidedBy: "user:ada" }]);
  });

  it("tells a server's question from the question whether its call may be made", () => {
    const ask = {
      event: "approval",
      approval_id: "q1",
      tool_call_id: "t1",
      name: "shop__order",
      args: {},
      args_sha256: "s",
      kind: "question",
      toolset: "shop",
      message: "Who?",
      requested_schema: { type: "object", properties: { name: { type: "string" } } },
    } as const;
    const question = { toolset: "shop", message: "Who?", form: ask.requested_schema };
    expect(pendingApprovals(apply(logOf({ ...ask, status: "requested" })))).toMatchObject([{ question }]);
    const { kind: _, ...call } = ask;
    expect(pendingApprovals(apply(logOf({ ...call, status: "requested" })))).toMatchObject([{ question: null }]);
  });

  it("keeps notices with their run, and those of no run and control commands in the conversation", () => {
    const notice = { event: "error", code: "model_retry", message: "busy", retryable: true } as const;
    const frames = logOf(asked(), status("in_progress"), notice, {
      event: "control",
      command: "pause",
      by: "user:op",
      state: "paused",
    });
    const loose = { ...frameOf(5, notice), event: { ...notice, conversation_id: "c", created_at: "" } };
    const state = apply([...frames, loose]);
    expect(runOf(state).notices).toMatchObject([{ message: "busy" }]);
    expect(state.items.map((item) => item.kind)).toEqual(["user_message", "run", "control", "notice"]);
    expect(state.items[0]).toMatchObject({ messageId: MESSAGE });
  });
});
