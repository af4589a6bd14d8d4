import type { Site } from "./site.ts";
import type { StrictRun } from "./strict-run.ts";
import { answerTo } from "./talk.ts";
import type { Expectation } from "./verdict.ts";

/** How the call ended, what became of its question, how often the server asked and how often it was told. */
const TOLD = ["completed, approved, asked 1, told 1"];
/** Lost with whoever ran it, before or after it was told. */
const LOST = [
  "unknown, approved, asked 1, told 0",
  "unknown, approved, asked 1, told 1",
  "unknown, expired, asked 1, told 0",
];
/** Lost before its question came to anybody. */
const LOST_EARLY = ["unknown, unheard, asked 0, told 0", "unknown, unheard, asked 1, told 0"];

/**
 * What a call wanted to know of a human, once its run has ended. The server's own record and the log must agree, and what it
 * was told is exactly what was filled in.
 */
export function judgeQuestion(
  site: Site,
  messageId: string,
  run: StrictRun | undefined,
  { mayLoseOutcome, mayAskNobody = false }: Expectation,
): string[] {
  const { times, booked } = site.askedFor(messageId);
  const call = [...(run?.calls.values() ?? [])].find(({ name }) => name === "ledger__book")?.statuses.at(-1);
  const question = (run?.asked ?? []).map(({ status }) => status).join(" and ") || "unheard";
  const seen = `${call}, ${question}, asked ${times}, told ${booked.length}`;
  const possible = [...TOLD, ...(mayLoseOutcome ? LOST : []), ...(mayAskNobody ? LOST_EARLY : [])];
  const problems = possible.includes(seen) ? [] : [`the call that asks about ${messageId} is ${seen}`];
  const others = booked.filter((answer) => answer !== JSON.stringify(answerTo(messageId)));
  return [...problems, ...others.map((answer) => `about ${messageId} the ledger was told ${answer}`)];
}
