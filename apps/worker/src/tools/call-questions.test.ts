import { setImmediate as nextTurn } from "node:timers/promises";
import type { CallQuestion } from "@holdfast/bus";
import type { ToolQuestion } from "@holdfast/protocol";
import { gate, until } from "@holdfast/testing";
import { describe, expect, it } from "@jest/globals";
import { CallQuestions } from "./call-questions.ts";

function question(question_id: string): ToolQuestion {
  return {
    event: "tool_question",
    id: "call",
    tool_call_id: "call-1",
    question_id,
    toolset: "bank",
    message: "Which PIN?",
    requested_schema: { type: "object", properties: {} },
    expires_at: new Date().toISOString(),
  };
}

/** The questions of one call, and what became of them in order. `asks` holds up what is asked. */
function asking(asks = Promise.resolve()) {
  const done: string[] = [];
  const clock = { isHeld: false };
  let refusals = 0;
  let nowMs = 0;
  const call = { id: "call-1", name: "bank__pay", arguments: "{}" };
  const questions = new CallQuestions(
    { open: { call, step: 0, index: 0, wasStarted: false }, callId: "call", offered: undefined },
    {
      lease: {
        questions: {
          ask: async ({ asked }: CallQuestion) => {
            await asks;
            done.push(`ask ${asked.approval_id}`);
            return "asked" as const;
          },
          withdraw: async (_call, ids) => {
            if (refusals > 0) {
              refusals -= 1;
              throw new Error("Redis is away");
            }
            done.push(`withdraw ${ids.join(" ")}`);
          },
          close: async () => void done.push("close"),
        },
      },
      stop: {
        clock: {
          hold: () => {
            clock.isHeld = true;
          },
          go: () => {
            clock.isHeld = false;
          },
        },
      },
    },
    () => nowMs,
  );
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    questions,
    done,
    clock,
    refuseOnce: () => {
      refusals = 1;
    },
  };
}

const NOTHING = { open: [], over: [] };

describe("[question.withdrawn] what a call asks", () => {
  it("goes on where it is found no more, however often, until the tool-runner says that it is over", async () => {
    const { questions, done, clock } = asking();
    questions.heard(question("a"));
    questions.found({ open: [question("a"), question("b")], over: [] });
    for (let looks = 0; looks < 5; looks += 1) questions.found(NOTHING);
    questions.found({ open: [question("b")], over: [] });
    expect(clock.isHeld).toBe(true);
    questions.found({ open: [], over: ["a"] });
    await until(() => done.length === 3);
    expect(done).toEqual(["ask a", "ask b", "withdraw a"]);
    expect(clock.isHeld).toBe(true);
    questions.found({ open: [], over: ["a", "b"] });
    expect(clock.isHeld).toBe(false);
    await questions.close();
    expect(done.slice(3)).toEqual(["withdraw b", "close"]);
  });

  it("is over also where an earlier owner of the run has asked it, and is not asked when it is heard late", async () => {
    const { questions, done, clock } = asking();
    questions.found({ open: [], over: ["a"] });
    questions.heard(question("a"));
    expect(clock.isHeld).toBe(false);
    await questions.close();
    expect(done).toEqual(["withdraw a", "close"]);
  });

  it("is asked again while it is open, some time after it was asked, where a failover may have lost it", async () => {
    const slow = gate();
    const { questions, done, pass } = asking(slow.pass());
    const look = () => questions.found({ open: [question("a")], over: [] });
    look();
    pass(60_000);
    look();
    slow.open();
    await until(() => done.length === 1);
    await nextTurn();
    pass(9_999);
    look();
    pass(1);
    look();
    look();
    await until(() => done.length === 2);
    questions.found({ open: [], over: ["a"] });
    pass(60_000);
    questions.found({ open: [question("a")], over: ["a"] });
    await questions.close();
    expect(done).toEqual(["ask a", "ask a", "withdraw a", "close"]);
  });

  it("is taken back after it was asked, and again where that failed", async () => {
    const asked = gate();
    const { questions, done, refuseOnce } = asking(asked.pass());
    questions.heard(question("a"));
    refuseOnce();
    questions.found({ open: [], over: ["a"] });
    asked.open();
    await until(() => {
      questions.found({ open: [], over: ["a"] });
      return done.length >= 2;
    });
    await questions.close();
    expect(done).toEqual(["ask a", "withdraw a", "close"]);
  });
});
