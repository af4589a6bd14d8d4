import { describe, expect, it } from "@jest/globals";
import type { Framing } from "./framing.ts";
import { nextRung, type RungFailure, type RungName } from "./ladder.ts";

type Outcome =
  | "silent"
  | "died"
  | "died after speaking"
  | "refused"
  | "failed after speaking"
  | "foreign"
  | "unstartable";

function failure(rung: RungName, outcome: Outcome): RungFailure {
  return {
    rung,
    isUnstartable: outcome === "unstartable",
    wasHeard: ["died after speaking", "refused", "failed after speaking"].includes(outcome),
    sawForeignFraming: outcome === "foreign",
    hasDied: outcome === "died" || outcome === "died after speaking",
    wasRefused: outcome === "refused",
  };
}

/** The rungs taken when each fails as told. */
function climb(framing: Framing | "auto", outcomes: readonly Outcome[]): RungName[] {
  const failures: RungFailure[] = [];
  for (const outcome of outcomes) {
    const rung = nextRung(framing, failures);
    if (rung === undefined) break;
    failures.push(failure(rung, outcome));
  }
  const last = nextRung(framing, failures);
  return [...failures.map(({ rung }) => rung), ...(last === undefined ? [] : [last])];
}

describe("the ladder of ways to connect", () => {
  it.each([
    ["a server that is silent in newlines is tried in Content-Length", "auto", ["silent"], ["probe", "content-length"]],
    [
      "a slow server gets the whole init timeout at last",
      "auto",
      ["silent", "silent"],
      ["probe", "content-length", "patient"],
    ],
    [
      "a slow server that dies of Content-Length does so too",
      "auto",
      ["silent", "died"],
      ["probe", "content-length", "patient"],
    ],
    ["nothing is tried twice", "auto", ["silent", "silent", "silent"], ["probe", "content-length", "patient"]],
    ["a server that exits on the probe is asked plainly", "auto", ["died"], ["probe", "plain"]],
    ["a server that speaks and then exits on the probe is, too", "auto", ["died after speaking"], ["probe", "plain"]],
    [
      "a server that dies of every newline is tried in Content-Length",
      "auto",
      ["died", "died"],
      ["probe", "plain", "content-length"],
    ],
    [
      "a server that always dies is not tried for ever",
      "auto",
      ["died", "died", "died"],
      ["probe", "plain", "content-length"],
    ],
    ["a Content-Length header leads there at once", "auto", ["foreign"], ["probe", "content-length"]],
    [
      "a newline answer to Content-Length leads back",
      "auto",
      ["silent", "foreign"],
      ["probe", "content-length", "patient"],
    ],
    ["a server that refuses initialize is probed for longer", "auto", ["refused"], ["probe", "long-probe"]],
    ["a handshake that fails otherwise fails for good", "auto", ["failed after speaking"], ["probe"]],
    ["a command that cannot start is not tried again", "auto", ["unstartable"], ["probe"]],
    ["configured newline never leaves newline", "newline", ["silent"], ["probe"]],
    ["configured newline still asks plainly", "newline", ["died", "died"], ["probe", "plain"]],
    ["configured Content-Length is the only rung", "content-length", ["silent"], ["content-length"]],
  ] as const)("%s", (_story, framing, outcomes, rungs) => {
    expect(climb(framing, outcomes)).toEqual(rungs);
  });
});
