import { setImmediate as nextTurn } from "node:timers/promises";
import { newUuid, type ToolQuestion } from "@holdfast/protocol";
import type { QuestionState } from "@holdfast/bus";
import { createLogger } from "@holdfast/telemetry";
import { gate, until } from "@holdfast/testing";
import { expect, it } from "@jest/globals";
import { CallQuestions } from "./call-questions.ts";

/** Of real time: forty looks are longer. */
const UNASKED_MS = 60;
const FORM = { message: "Who?", requestedSchema: { type: "object" as const, properties: {} } };

/** Asked by one call, of a bus that says what the test says. */
function asking(expiryMs = 600_000, keepEveryMs = 600_000) {
  const open: (readonly ToolQuestion[])[] = [];
  const over: (readonly string[])[] = [];
  const bus = {
    state: { status: "missing" } as QuestionState,
    /** Where it stands once its time is up. */
    last: undefined as QuestionState | undefined,
    looks: 0,
    /** Looks that found nobody, before Redis is back. */
    lastLooks: 0,
    isLastAway: false,
    told: "told" as "told" | "ended",
    isAway: false,
    isDeaf: false,
    tells: 0,
    hears: Promise.resolve(),
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
        bus.tells += 1;
        if (bus.isDeaf) throw new Error("Redis is away");
        const { hears } = bus;
        bus.hears = Promise.resolve();
        await hears;
        over.push(all.over);
        open.push(all.open);
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
        endOverdue: async () => {
          bus.lastLooks += 1;
          if (bus.isLastAway) throw new Error("Redis is away");
          return bus.last ?? bus.state;
        },
        forgetContent: async () => undefined,
      },
      expiryMs,
      unaskedMs: UNASKED_MS,
      lookEveryMs: 2,
      keepEveryMs,
    },
    stopping: stopping.signal,
    logger: createLogger({ service: "test", level: "error" }),
  });
  const cancel = new AbortController();
  return { bus, open, over, stopping, cancel, ask: () => questions.ask(FORM, cancel.signal) };
}

/** The tool-runner has looked so often, and the question is open still. */
async function staysOpen(bus: { looks: number }, answer: Promise<unknown>, looks = 40): Promise<void> {
  let isOver = false;
  void answer.then(() => {
    isOver = true;
  });
  const from = bus.looks;
  await until(() => bus.looks >= from + looks);
  expect(isOver).toBe(false);
}

it("[elicitation.runner] cancels what no worker takes up", async () => {
  const { bus, ask, open } = asking();
  const began = Date.now();
  expect(await ask()).toEqual({ action: "cancel" });
  expect(Date.now() - began).toBeGreaterThanOrEqual(UNASKED_MS - 1);
  expect(bus.looks).toBeGreaterThan(0);
  await until(() => open.at(-1)?.length === 0);
  expect(open.map((all) => all.length)).toEqual([1, 0]);
});

it("[elicitation.runner] waits for Redis and for its human, but not for a conversation that was deleted", async () => {
  const { bus, ask } = asking();
  const answer = ask();
  bus.isAway = true;
  await staysOpen(bus, answer);
  bus.isAway = false;
  bus.state = { status: "requested" };
  await staysOpen(bus, answer);
  bus.told = "ended";
  bus.state = { status: "missing" };
  expect(await answer).toEqual({ action: "cancel" });
});

it("[elicitation.lost] is asked again where a failover has lost that it was asked, and answered", async () => {
  const { bus, ask, open } = asking();
  bus.state = { status: "requested" };
  const answer = ask();
  await staysOpen(bus, answer, 3);
  const { tells } = bus;
  // However slow this machine is, the time that workers have ends nothing here.
  bus.last = { status: "requested" };
  bus.state = { status: "missing" };
  // As soon as it is seen, for the worker that asks has no other sign of it.
  await until(() => bus.tells > tells);
  await staysOpen(bus, answer, 3);
  bus.state = { status: "requested" };
  const lastMissing = performance.now() + 2 * UNASKED_MS;
  await until(() => performance.now() > lastMissing);
  bus.state = { status: "approved", content: { name: "Ann" } };
  expect(await answer).toEqual({ action: "accept", content: { name: "Ann" } });
  expect(open.slice(0, 2).map((all) => all.length)).toEqual([1, 1]);
});

it("[elicitation.runner] cancels what was lost and no worker asks again", async () => {
  const { bus, ask } = asking();
  bus.state = { status: "requested" };
  const answer = ask();
  await staysOpen(bus, answer, 3);
  bus.state = { status: "missing" };
  expect(await answer).toEqual({ action: "cancel" });
});

it("[elicitation.runner] looks on where Redis is away when the time is up, but not for ever", async () => {
  const { bus, ask } = asking(UNASKED_MS / 2);
  bus.state = { status: "requested" };
  bus.isLastAway = true;
  const answer = ask();
  await until(() => bus.lastLooks >= 3);
  bus.isLastAway = false;
  bus.last = { status: "approved", content: { pin: "4711" } };
  expect(await answer).toEqual({ action: "accept", content: { pin: "4711" } });
  const gone = asking(UNASKED_MS / 2);
  gone.bus.state = { status: "requested" };
  gone.bus.isLastAway = true;
  expect(await gone.ask()).toEqual({ action: "cancel" });
});

it("[elicitation.over] tells what is over until it is heard, or this process stops", async () => {
  const left: number[] = [];
  for (const how of ["heard", "stopped"] as const) {
    const { bus, ask, over, stopping } = asking();
    bus.state = { status: "requested" };
    const answer = ask();
    await until(() => bus.looks > 0);
    bus.isDeaf = true;
    bus.state = { status: "rejected" };
    await answer;
    const { tells } = bus;
    await until(() => bus.tells >= tells + 3);
    if (how === "stopped") stopping.abort();
    else bus.isDeaf = false;
    await until(() => how === "stopped" || over.at(-1)?.length === 1);
    await nextTurn();
    left.push(bus.tells);
    const later = performance.now() + 20;
    await until(() => performance.now() > later);
    left.push(bus.tells);
  }
  expect(left[1]).toBe(left[0]);
  expect(left[3]).toBe(left[2]);
});

it("[elicitation.runner] cancels when the time is up, the call ends, or the process stops", async () => {
  const late = asking(UNASKED_MS / 2);
  late.bus.state = { status: "requested" };
  expect(await late.ask()).toEqual({ action: "cancel" });
  for (const how of ["cancel", "stopping"] as const) {
    const one = asking();
    one.bus.state = { status: "requested" };
    const cut = one.ask();
    await staysOpen(one.bus, cut, 3);
    one[how].abort();
    expect(await cut).toEqual({ action: "cancel" });
    await until(() => one.open.at(-1)?.length === 0);
  }
  const ended = asking();
  ended.bus.told = "ended";
  expect(await ended.ask()).toEqual({ action: "cancel" });
  expect(ended.bus.looks).toBe(0);
});

it("[elicitation.runner] tells what was answered in the last moment, which counts as soon as its human was told so", async () => {
  const { bus, ask } = asking(UNASKED_MS / 2);
  bus.state = { status: "requested" };
  bus.last = { status: "approved", content: { pin: "4711" } };
  expect(await ask()).toEqual({ action: "accept", content: { pin: "4711" } });
});

it("[elicitation.runner] goes on waiting for a human who was asked in the last moment that workers have", async () => {
  const { bus, ask } = asking();
  bus.last = { status: "requested" };
  const answer = ask();
  const lastMissing = performance.now() + 2 * UNASKED_MS;
  await until(() => performance.now() > lastMissing);
  bus.state = { status: "rejected" };
  expect(await answer).toEqual({ action: "decline" });
});

it("[elicitation.runner] asks at most eight at once and thirty-two in all", async () => {
  const { bus, ask, open } = asking();
  bus.state = { status: "requested" };
  const first = Array.from({ length: 9 }, () => ask());
  expect(await first[8]).toEqual({ action: "cancel" });
  bus.state = { status: "approved", content: { name: "Ann" } };
  expect(await Promise.all(first.slice(0, 8))).toEqual(
    Array.from({ length: 8 }, () => ({ action: "accept", content: { name: "Ann" } })),
  );
  bus.state = { status: "rejected" };
  const more: string[] = [];
  for (let n = 0; n < 25; n += 1) more.push((await ask()).action);
  expect(more).toEqual([...Array.from({ length: 24 }, () => "decline"), "cancel"]);
  await until(() => open.at(-1)?.length === 0);
});

it("[elicitation.runner] asks nobody any more when the time of one question was up", async () => {
  const { bus, ask, open } = asking(UNASKED_MS / 2);
  bus.state = { status: "requested" };
  expect(await ask()).toEqual({ action: "cancel" });
  const { looks } = bus;
  bus.state = { status: "approved", content: { name: "Ann" } };
  expect(await ask()).toEqual({ action: "cancel" });
  expect(bus.looks).toBe(looks);
  await until(() => open.at(-1)?.length === 0);
  expect(open.map((all) => all.length)).toEqual([1, 0]);
  const expired = asking();
  expired.bus.state = { status: "expired" };
  expect(await expired.ask()).toEqual({ action: "cancel" });
  expired.bus.state = { status: "rejected" };
  expect(await expired.ask()).toEqual({ action: "cancel" });
});

it("[elicitation.runner] tells its question when Redis is back, as long as workers may take to ask", async () => {
  const { bus, ask } = asking();
  bus.isDeaf = true;
  bus.state = { status: "rejected" };
  const answer = ask();
  await until(() => bus.tells >= 2);
  bus.isDeaf = false;
  expect(await answer).toEqual({ action: "decline" });
  const given = asking();
  given.bus.isDeaf = true;
  expect(await given.ask()).toEqual({ action: "cancel" });
});

it("[elicitation.runner] tells what is open one after the other, the newest last", async () => {
  const { bus, ask, open } = asking();
  const slow = gate();
  bus.hears = slow.pass();
  bus.state = { status: "requested" };
  const answers = [ask()];
  await until(() => bus.tells > 0);
  answers.push(ask(), ask());
  // What does not wait for its turn is told now.
  await nextTurn();
  slow.open();
  await until(() => open.length === 3);
  expect(open.at(-1)?.length).toBe(3);
  bus.state = { status: "rejected" };
  await Promise.all(answers);
  await until(() => open.at(-1)?.length === 0);
});

it("[elicitation.runner] tells again what is open, for a failover may have lost it, and by its id what is over", async () => {
  const { bus, ask, open, over } = asking(600_000, 4);
  bus.state = { status: "requested" };
  const answer = ask();
  await until(() => open.length >= 3);
  const [[question] = []] = open;
  expect(open.slice(0, 3)).toEqual([[question], [question], [question]]);
  expect(over.slice(0, 3)).toEqual([[], [], []]);
  bus.state = { status: "rejected" };
  await answer;
  await until(() => open.at(-1)?.length === 0);
  expect(over.at(-1)).toEqual([question?.question_id]);
});
