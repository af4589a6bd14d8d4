import { describe, expect, it } from "@jest/globals";
import type { Snapshot } from "@holdfast/protocol";
import { fromSnapshot } from "./from-snapshot.ts";
import { activeRun, answerText, pendingApprovals, runsOf } from "./selectors.ts";
import { AT, CONVERSATION, MESSAGE, RUN } from "./fixtures/log-builder.ts";

const base: Snapshot = {
  id: CONVERSATION,
  created_at: AT,
  metadata: {},
  cursor: "1-9",
  messages: [{ id: MESSAGE, role: "user", content: "Hi", created_at: AT }],
  active_run: null,
  approvals: [],
};
const active = { id: RUN, agent: "assistant", status: "in_progress" as const, attempt: 1, step: 1, text: "So f" };
const said = { role: "assistant" as const, run_id: RUN, created_at: AT };

describe("fromSnapshot", () => {
  it("puts the active run after the first message that has no answer yet", () => {
    const later = { id: "later", role: "user" as const, content: "And?", created_at: AT };
    const state = fromSnapshot({ ...base, messages: [...base.messages, later], active_run: active });
    expect(state.items.map((item) => (item.kind === "run" ? item.messageId : item.kind))).toEqual([
      "user_message",
      MESSAGE,
      "user_message",
    ]);
  });

  it("takes the text of the step in work from the active run alone, though the history may show it too", () => {
    const messages = [
      ...base.messages,
      { ...said, id: "a", content: "Looking" },
      { ...said, id: "b", content: "So f" },
    ];
    const [run] = runsOf(fromSnapshot({ ...base, messages, active_run: active }));
    expect(run?.steps).toMatchObject([
      { text: "Looking", isClosed: true },
      { text: "So f", isClosed: false },
    ]);
  });

  it("shows a run under the message it answers, though others were steered into it", () => {
    const steered = { id: "steered", role: "user" as const, content: "In French", run_id: MESSAGE, created_at: AT };
    const asked = { id: "asked", role: "user" as const, content: "Hi", run_id: RUN, created_at: AT };
    const messages = [steered, asked, { ...steered, id: "again" }];
    const ended = fromSnapshot({ ...base, messages: [...messages, { ...said, id: "a", content: "Salut" }] });
    const running = fromSnapshot({ ...base, messages, active_run: active });
    for (const state of [ended, running]) expect(runsOf(state)).toMatchObject([{ messageId: "asked" }]);
  });

  it("shows a queued run without steps, and one that waits for a decision with its approval", () => {
    const queued = fromSnapshot({
      ...base,
      active_run: { ...active, status: "queued", attempt: 0, step: 0, text: "" },
    });
    expect(activeRun(queued)).toMatchObject({ status: "queued", steps: [] });

    const approval = {
      event: "approval" as const,
      conversation_id: CONVERSATION,
      created_at: AT,
      run_id: RUN,
      agent: "assistant",
      attempt: 1,
      approval_id: "44444444-4444-4444-8444-444444444444",
      tool_call_id: "t",
      name: "terminal",
      args: {},
      args_sha256: "s",
      status: "requested" as const,
    };
    const parked = fromSnapshot({
      ...base,
      active_run: { ...active, status: "requires_action" },
      approvals: [approval],
    });
    expect(pendingApprovals(parked)).toMatchObject([{ name: "terminal" }]);
  });

  it("shows finished runs with their tools' answers", () => {
    const tool = { id: "t", role: "tool" as const, name: "terminal", content: "a.txt", run_id: RUN, created_at: AT };
    const messages = [
      ...base.messages,
      { ...said, id: "a", content: "Looking" },
      tool,
      { ...said, id: "b", content: "One file." },
    ];
    const [run] = runsOf(fromSnapshot({ ...base, messages }));
    expect(run).toMatchObject({
      status: "completed",
      steps: [{ tools: [{ name: "terminal", resultSummary: "a.txt" }] }, { text: "One file." }],
    });
    expect(run && answerText(run)).toBe("One file.");
  });
});
