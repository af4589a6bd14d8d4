import { createLogger } from "@holdfast/telemetry";
import { describe, expect, it } from "@jest/globals";
import type { FormAnswer } from "./asked-form.ts";
import { CallsInFlight } from "./calls-in-flight.ts";

const DOUBT_MS = 600_000;
const ANSWER: FormAnswer = { action: "accept", content: { name: "Ann" } };
const CANCEL: FormAnswer = { action: "cancel" };

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
    asks: () => {
      const question = `question ${(id += 1)}`;
      calls.incoming({ id: question, method: "elicitation/create", params: {} });
      return calls.ask(question, new AbortController().signal);
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
