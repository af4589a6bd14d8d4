import type { Site } from "./site.ts";
import type { StrictReader } from "./strict-reader.ts";
import { answerTo, type Talk } from "./talk.ts";

/**
 * What a call wanted to know of a human, once its run has ended: it asked once, and either it was told once what was filled in,
 * or it was lost with whoever ran it, and then it was told that at most. The server's own record and the log must agree.
 */
export function judgeQuestion(site: Site, talk: Talk, log: StrictReader, mayLoseOutcome: boolean): string[] {
  const messageId = talk.messageIds[0] ?? "";
  const { times, booked } = site.askedFor(messageId);
  const run = log.runOf(messageId);
  const asked = run?.asked.map(({ status }) => status).join(" and ");
  const call = [...(run?.calls.values() ?? [])].find(({ name }) => name === "ledger__book")?.statuses.at(-1);
  const isLost = mayLoseOutcome && call === "unknown";
  const problems: string[] = [];
  const hold = (isTrue: boolean, problem: string) => void (isTrue || problems.push(`${problem}, about ${messageId}`));
  hold(call === "completed" || isLost, `the call that asked ended ${call}`);
  hold(times === 1, `the ledger asked ${times} times`);
  hold(asked === "approved" || (isLost && asked === "expired"), `the question is ${asked}, and its call ${call}`);
  hold(booked.length === 1 || (isLost && booked.length === 0), `the ledger was told ${booked.length} answers`);
  const said = JSON.stringify(answerTo(messageId));
  hold(
    booked.every((answer) => answer === said),
    `the ledger was told ${booked.join(" and ")}`,
  );
  return problems;
}
