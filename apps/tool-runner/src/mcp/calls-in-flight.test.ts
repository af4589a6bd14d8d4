import { createLogger } from "@holdfast/telemetry";
import { describe, expect, it } from "@jest/globals";
import type { FormAnswer } from "./asked-form.ts";
import { CallsInFlight } from "./calls-in-flight.ts";

const DOUBT_MS = 600_000;
const ANSWER: FormAnswer = { action: "accept", content: { name: "Ann" } };
const CANCEL: FormAnswer = { action: "cancel" };

const never = new AbortController().signal;

/** A session whose clock the test moves. */
function session() {
  let nowMs = 0;
  let id = 0;
  const calls = new CallsInFlight(createLogger({ service: "test", level: "error" }), DOUBT_MS, () => nowMs);
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** A call that is with the server. */
    call: () => {
      const place = calls.begin(async () => ANSWER);
      id += 1;
      calls.outgoing({ id, method: "tools/call", params: { _meta: place.mark } });
      return { id, place };
    },
    answered: (call: { id: number }) => calls.incoming({ id: call.id, result: {} }),
    calls,
    asks: () => {
      const question = `question ${(id += 1)}`;
      calls.incoming({ id: question, method: "elicitation/create", params: {} });
      return calls.ask(question, never);
    },
  };
}

describe("[elicitation.which] a server that is silent about a call that was given up on", () => {
  it("asks nobody for as long as a question lives, and from then on whom it serves", async () => {
    const { pass, call, asks } = session();
    const gone = call();
    pass(DOUBT_MS);
    gone.place.leave(false);
    const { place } = call();
    pass(DOUBT_MS - 1);
    expect(await asks()).toEqual(CANCEL);
    pass(1);
    expect(await asks()).toEqual(ANSWER);
    place.leave(true);
    expect(await asks()).toEqual(CANCEL);
  });

  it("is in doubt until the last of several such calls is past it", async () => {
    const { pass, call, asks } = session();
    call().place.leave(false);
    pass(DOUBT_MS / 2);
    const { place } = call();
    place.leave(false);
    pass(DOUBT_MS / 2);
    call();
    expect(await asks()).toEqual(CANCEL);
    pass(DOUBT_MS / 2);
    expect(await asks()).toEqual(ANSWER);
  });

  it("is in doubt no more when it answers after all, and about a call at work however long that takes", async () => {
    const { pass, call, answered, asks } = session();
    const gone = call();
    gone.place.leave(false);
    const [one, other] = [call(), call()];
    answered(gone);
    pass(2 * DOUBT_MS);
    expect(await asks()).toEqual(CANCEL);
    answered(other);
    other.place.leave(true);
    expect(await asks()).toEqual(ANSWER);
    one.place.leave(true);
  });
});

/** Which of the questions the session would still hand to a human. */
async function kept(calls: CallsInFlight, ids: readonly unknown[]): Promise<unknown[]> {
  const answers = await Promise.all(ids.map(async (id) => [id, (await calls.ask(id, never)).action] as const));
  return answers.flatMap(([id, action]) => (action === "accept" ? [id] : []));
}

describe("[elicitation.unread] a question that the SDK does not hand over", () => {
  const asks = (calls: CallsInFlight, id: unknown) => calls.incoming({ id, method: "elicitation/create", params: {} });

  it("is kept until it is refused, or until its call ends", async () => {
    const { calls, call } = session();
    const { place } = call();
    const noId = {};
    for (const id of ["refused", "early", noId]) asks(calls, id);
    expect(await kept(calls, [noId])).toEqual([]);
    calls.outgoing({ id: "refused", error: { code: -32_602, message: "Invalid params" } });
    expect(await kept(calls, ["refused", "early"])).toEqual(["early"]);
    asks(calls, "late");
    place.leave(true);
    expect(await kept(calls, ["late"])).toEqual([]);
  });

  it("is not taken for a later one of its id that belongs to no one call", async () => {
    const { calls, call } = session();
    call();
    asks(calls, "twice");
    call();
    asks(calls, "twice");
    expect(await kept(calls, ["twice"])).toEqual([]);
  });

  it("gives way to later ones, however many a server sends", async () => {
    const { calls, call } = session();
    call();
    const ids = Array.from({ length: 200 }, (_, n) => n);
    for (const id of ids) asks(calls, id);
    expect(await kept(calls, ids)).toEqual(ids.slice(-64));
  });
});
