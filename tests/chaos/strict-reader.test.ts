import { createHash } from "node:crypto";
import { expect, it } from "@jest/globals";
import { StrictReader } from "./strict-reader.ts";

/** An oracle that sees nothing proves nothing: each of these logs breaks the promise in one way. */

const SAMPLES = ["alpha beta gamma", "delta epsilon zeta"];
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

type Event = Record<string, unknown> & { readonly event: string };

const RUN = { run_id: "run-1", attempt: 1 };
const user: Event = { event: "user_message", message_id: "m1", run_id: "run-1", attempt: 0 };
const queued: Event = { event: "run", run_id: "run-1", attempt: 0, status: "queued" };
const begun: Event = { event: "run", ...RUN, status: "in_progress" };
const start: Event = { event: "attempt", ...RUN, mode: "start", step: 0, keep_offset: 0, cause: "claim" };
const takeover: Event = {
  event: "attempt",
  run_id: "run-1",
  attempt: 2,
  mode: "supersede",
  step: 0,
  keep_offset: 0,
  cause: "takeover",
};
const opening = [user, queued, begun, start];

const token = (text: string, offset: number, more: object = {}): Event => ({
  event: "token",
  ...RUN,
  step: 0,
  index: 0,
  offset,
  text,
  ...more,
});
const output = (text: string, more: object = {}): Event => ({
  event: "output",
  ...RUN,
  message_id: "m1",
  text,
  text_length: text.length,
  text_sha256: sha256(text),
  ...more,
});
const completed = (more: object = {}): Event => ({ event: "run", ...RUN, status: "completed", ...more });
const step = (text: string): Event => ({ event: "step", ...RUN, step: 0, text, text_sha256: sha256(text) });
const call = (status: string): Event => ({
  event: "tool_step",
  ...RUN,
  step: 0,
  tool_call_id: "c1",
  name: "book",
  args: {},
  status,
});

const approval = (status: string): Event => ({
  event: "approval",
  ...RUN,
  approval_id: "a1",
  tool_call_id: "c1",
  name: "book",
  args: {},
  status,
});
const parked: Event = { event: "run", ...RUN, status: "requires_action" };
const asking = [...opening, step(""), call("pending_approval"), approval("requested"), parked];

function violationsOf(events: readonly Event[], from = 1): string[] {
  const reader = new StrictReader((_message, _step, text) => SAMPLES.some((sample) => sample.startsWith(text)));
  for (const [index, event] of events.entries()) reader.read({ id: `7-${from + index}`, data: JSON.stringify(event) });
  return reader.violations;
}

const WHOLE = SAMPLES[0] as string;
const good = [...opening, token("alpha ", 0), token("beta gamma", 6), output(WHOLE), completed()];

it("finds nothing wrong with a good answer, a takeover and a tool call", () => {
  expect(violationsOf(good)).toEqual([]);
  const second = { attempt: 2 };
  expect(
    violationsOf([
      ...opening,
      token("alpha ", 0),
      takeover,
      token("delta epsilon ", 0, second),
      token("zeta", 14, second),
      output("delta epsilon zeta", second),
      completed(second),
    ]),
  ).toEqual([]);
  expect(
    violationsOf([
      ...opening,
      token("alpha", 0),
      step("alpha"),
      call("started"),
      call("output"),
      call("completed"),
      token("delta", 0, { step: 1 }),
      output("delta"),
      completed(),
    ]),
  ).toEqual([]);
});

it("finds nothing wrong with a question that is answered", () => {
  const next = { attempt: 2 };
  expect(
    violationsOf([
      ...asking,
      approval("approved"),
      { ...begun, ...next },
      { ...takeover, step: 1, mode: "continue", cause: "approval" },
      { ...call("started"), ...next },
      { ...call("completed"), ...next },
      token("delta", 0, { step: 1, ...next }),
      output("delta", next),
      completed(next),
    ]),
  ).toEqual([]);
});

/** Of a call that runs. */
const wonders = (status: string): Event => ({ ...approval(status), approval_id: "q1", kind: "question" });
const running = [...opening, step(""), call("started")];

it("finds nothing wrong with a question of a call that runs", () => {
  const whole = [wonders("requested"), wonders("approved"), call("completed"), token("delta", 0, { step: 1 })];
  expect(violationsOf([...running, ...whole, output("delta"), completed()])).toEqual([]);
});

it.each<[string, Event[], RegExp]>([
  ["a call that ends while it asks", [...running, wonders("requested"), call("completed")], /its question is open/],
  ["a call that asks twice", [...running, wonders("requested"), wonders("requested")], /asked twice/],
  ["a call that asks and does not run", [...opening, step(""), wonders("requested")], /asks and does not run/],
  ["a call begun before a human approved it", [...asking, call("started")], /started, and requested/],
  ["a call begun though a human rejected it", [...asking, approval("rejected"), call("started")], /and rejected/],
  ["a question answered twice", [...asking, approval("approved"), approval("rejected")], /rejected after approved/],
  ["a question asked twice", [...asking, approval("requested")], /twice/],
  ["a decision that nobody was asked for", [...opening, step(""), approval("approved")], /nobody was asked/],
  ["a run that goes on while a human is asked", [...asking, begun], /in_progress while a human is asked/],
  ["a run that waits for nobody", [...opening, parked], /without a question/],
  ["a doubled token", [...opening, token("alpha ", 0), token("alpha ", 0)], /offset 0 of step 0 where 6/],
  ["a lost token", [...opening, token("alpha ", 0), token("gamma", 11)], /offset 11 of step 0 where 6/],
  ["two samples mixed", [...opening, token("alpha ", 0), token("epsilon", 6)], /no sample begins with/],
  ["text replaced without an attempt", [...opening, token("alpha", 0), step("delta")], /its end has/],
  ["a takeover that nobody announced", [...opening, token("alpha", 0, { attempt: 2 })], /not announced/],
  ["a zombie's token", [...opening, takeover, token("alpha", 0)], /token of attempt 1 after attempt 2/],
  ["an output that was not shown", [...opening, token("alpha", 0), output(WHOLE), completed()], /output has 16/],
  ["an ending without output", [...opening, token("alpha", 0), completed()], /completed without output/],
  ["two endings", [...good, completed()], /run after the terminal event/],
  ["a token after the end", [...good, token("alpha", 0)], /token after the terminal event/],
  ["a message accepted twice", [user, queued, user], /accepted twice/],
  ["a run queued twice", [user, queued, queued], /queued twice/],
  ["a finished step begun again", [...opening, step(""), start], /announced twice|unfinished/],
  ["an answer during a tool call", [...opening, step(""), call("started"), token("alpha", 0, { step: 1 })], /is open/],
  [
    "a tool call with two ends",
    [...opening, step(""), call("started"), call("completed"), call("unknown")],
    /unknown after completed/,
  ],
  ["a tool call started twice", [...opening, step(""), call("started"), call("started")], /started twice/],
  ["an end with an open tool call", [...opening, step(""), call("started"), completed()], /while tool call c1 is open/],
  [
    "a turn before the one before it has ended",
    [
      ...opening,
      { ...user, message_id: "m2", run_id: "run-2" },
      { ...queued, run_id: "run-2" },
      { ...begun, run_id: "run-2" },
    ],
    /while an earlier one has not ended/,
  ],
  ["a run of no message", [queued], /no user_message began/],
])("sees %s", (_what, events, violation) => {
  expect(violationsOf(events).join("\n")).toMatch(violation);
});

it("lets only a log that may be compacted give at the end what its tokens would have shown", () => {
  const log = [...opening, output("alpha beta gamma"), completed()];
  expect(violationsOf(log).join("\n")).toMatch(/shows 0 characters/);
  const reader = new StrictReader(() => true, { mayBeCompacted: true });
  for (const [index, event] of log.entries())
    reader.read({ id: `7-${2 * index + 1}`, data: JSON.stringify({ step: 0, ...event }) });
  expect(reader.violations).toEqual([]);
  expect(reader.runs.get("run-1")?.output).toBe("alpha beta gamma");
});

it("sees a frame that comes again, and an epoch that changes in silence", () => {
  const reader = new StrictReader(() => true);
  const frame = { id: "7-1", data: JSON.stringify(user) };
  reader.read(frame);
  reader.read(frame);
  reader.read({ id: "8-2", data: JSON.stringify(queued) });
  expect(reader.violations).toEqual([
    "7-1 came again, or out of order, after 7-1",
    "8-2: another epoch without a reset",
  ]);
});

it("forgets everything at a reset, and reads on in the new epoch", () => {
  const reader = new StrictReader(() => true);
  reader.read({ id: "7-1", data: JSON.stringify(user) });
  reader.read({ id: "8-0", data: JSON.stringify({ event: "reset", reason: "epoch" }) });
  reader.read({ id: "8-1", data: JSON.stringify(user) });
  expect([reader.violations, reader.resets, reader.messages]).toEqual([[], 1, ["m1"]]);
});

it("knows no way from one epoch into another but a reset", () => {
  const reader = new StrictReader(() => true);
  for (const id of ["7-1", "8-2", "7-3"]) reader.read({ id, data: JSON.stringify(id === "7-1" ? user : queued) });
  expect(reader.violations).toEqual(["8-2: another epoch without a reset"]);
});
