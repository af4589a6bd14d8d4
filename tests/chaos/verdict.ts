import { type Cell, mayLoseOutcome } from "./cells.ts";
import type { Director, Turn } from "./director.ts";
import { judgeQuestion } from "./question-verdict.ts";
import type { Site } from "./site.ts";
import { SseTail } from "./sse-tail.ts";
import type { StrictReader } from "./strict-reader.ts";
import type { StrictRun } from "./strict-run.ts";
import type { Talk } from "./talk.ts";
import { until } from "@holdfast/testing";

export interface Expectation {
  /** Runs may end other than completed: only where kills go on for so long that runs are given up. */
  readonly mayFail?: boolean;
  /** A call may end `unknown`. */
  readonly mayLoseOutcome: boolean;
  /** A call may be lost before what it asks has come to a human. */
  readonly mayAskNobody?: boolean;
}

export const expectationOf = (cell: Cell): Expectation => ({ mayLoseOutcome: mayLoseOutcome(cell) });

const REPLAY_MS = 20_000;

/**
 * Every way in which a conversation that has ended is not exactly as promised (protocol §3.4). The live readers, a reader that
 * comes afterwards, the log itself, the snapshot, the model's own record and the tools' own records must all agree.
 */
export async function judge(site: Site, talk: Talk, expectation: Expectation): Promise<string[]> {
  const problems: string[] = [];
  const log = await readLog(site, talk);
  const later = await readAgain(site, talk);
  const readers = [...talk.tails.map(({ reader }) => reader), log, later];
  const names = [...talk.tails.map((_, index) => `reader ${index}`), "the log", "a later reader"];
  for (const [index, reader] of readers.entries()) {
    const say = (problem: string) => problems.push(`${names[index]}: ${problem}`);
    for (const violation of reader.violations) say(violation);
    judgeReader(reader, talk, site.director, expectation, say);
  }
  for (const { messageId } of talk.turns) {
    const outputs = new Set(readers.map((reader) => reader.runOf(messageId)?.output));
    if (outputs.size > 1) problems.push(`readers end with ${outputs.size} different answers to ${messageId}`);
    problems.push(...judgeEffects(site, talk, messageId, log.runOf(messageId)));
  }
  for (const { messageId } of talk.turns.filter(({ asks }) => asks))
    problems.push(...judgeQuestion(site, messageId, log.runOf(messageId), expectation));
  judgeMemory(site.director, talk, log, problems);
  await judgeSnapshot(talk, log, problems);
  return problems.map((problem) => `conversation ${talk.id}: ${problem}`);
}

function judgeReader(
  reader: StrictReader,
  talk: Talk,
  director: Director,
  expectation: Expectation,
  say: (problem: string) => void,
): void {
  if (reader.messages.join() !== talk.messageIds.join())
    say(`has messages ${reader.messages.join()} instead of ${talk.messageIds.join()}`);
  for (const turn of talk.turns) {
    const run = reader.runOf(turn.messageId);
    const others = [...(talk.acceptedRuns.get(turn.messageId) ?? [])].filter((runId) => runId !== run?.id);
    if (others.length > 0) say(`202 named run ${others.join()}, the log has ${run?.id}`);
    if (!run?.hasEnded) say(`the run of ${turn.messageId} has not ended (${run?.status ?? "never began"})`);
    else if (run.status === "completed") judgeAnswer(run, turn, director, say);
    else if (!expectation.mayFail) say(`the run of ${turn.messageId} ended ${run.status}`);
  }
}

/** A completed run has every step of its turn, and each is one whole sample. */
function judgeAnswer(run: StrictRun, turn: Turn, director: Director, say: (problem: string) => void): void {
  if (run.steps.length !== turn.steps.length) say(`${run.steps.length} steps instead of ${turn.steps.length}`);
  for (const [step, { text }] of run.steps.entries())
    if (!director.isSample(turn.messageId, step, text)) say(`step ${step} of ${turn.messageId} is no whole sample`);
  if (run.output === undefined) say(`no output for ${turn.messageId}`);
}

/** What the tools themselves recorded: an effect comes once at most, and a result says what happened. */
function judgeEffects(site: Site, talk: Talk, messageId: string, run: StrictRun | undefined): string[] {
  const executions = site.executionsFor(talk.id, messageId);
  const calls = [...(run?.calls ?? [])];
  const judged = [
    { what: "the ledger", count: executions.ledger, calls: calls.filter(([, { name }]) => name === "ledger__book") },
    { what: "mktemp", count: executions.terminal, calls: calls.filter(([, { args }]) => args.includes("mktemp")) },
  ];
  return judged.flatMap(({ what, count, calls: own }) => {
    if (own.length > 1) return [`${messageId} called ${what} ${own.length} times`];
    if (count > 1) return [`${what} was used ${count} times for ${messageId}`];
    const status = own[0]?.[1].statuses.at(-1) ?? "not called";
    if (status === "completed" && count === 0) return [`${what} says completed, and was never used for ${messageId}`];
    const isNothing = status !== "completed" && status !== "unknown" && status !== "cancelled";
    return isNothing && count > 0 ? [`${what} says ${status}, and yet it was used for ${messageId}`] : [];
  });
}

/** The model was told the earlier answers, each once, as the user saw them. */
function judgeMemory(director: Director, talk: Talk, log: StrictReader, problems: string[]): void {
  const said: string[] = [];
  for (const { messageId } of talk.turns) {
    for (const told of director.toldBefore(messageId))
      if (told !== said.join("\n")) problems.push(`for ${messageId} the model was told other answers than were given`);
    said.push(
      ...(log
        .runOf(messageId)
        ?.steps.map(({ text }) => text)
        .filter(Boolean) ?? []),
    );
  }
}

async function judgeSnapshot(talk: Talk, log: StrictReader, problems: string[]): Promise<void> {
  const snapshot = (await talk.get(`/v1/conversations/${talk.id}`)) as unknown as {
    active_run: unknown;
    messages: { role: string; content: string; run_id?: string }[];
  };
  if (snapshot.active_run !== null) problems.push("the snapshot has an active run");
  const users = snapshot.messages.filter(({ role }) => role === "user").map(({ content }) => content);
  if (users.join() !== talk.messageIds.join()) problems.push(`the snapshot has the messages ${users.join()}`);
  for (const run of log.runs.values()) {
    const answers = snapshot.messages.filter(({ role, run_id }) => role === "assistant" && run_id === run.id);
    if (run.status === "completed" && answers.at(-1)?.content !== run.output)
      problems.push(`the snapshot has another answer to ${run.messageId}`);
  }
}

/** Calls whose outcome is lost where it may not be. */
export function lostOutcomes(talk: Talk): string[] {
  const calls = talk.tails.flatMap(({ reader }) => [...reader.runs.values()].flatMap((run) => [...run.calls]));
  return calls
    .filter(([, { statuses }]) => statuses.at(-1) !== "completed")
    .map(
      ([id, { name, statuses, error = "" }]) =>
        `conversation ${talk.id}: ${name} (${id}) ended ${statuses.at(-1)} ${error}`,
    );
}

async function readLog(site: Site, talk: Talk): Promise<StrictReader> {
  const reader = site.reader();
  const entries = await site.eyes.entries(`stream:${talk.id}`);
  for (const [index, [id, data]] of entries.entries()) {
    reader.read({ id, data });
    if (id.split("-")[1] !== String(index + 1)) reader.violations.push(`${id} is entry ${index + 1}: seq has a hole`);
  }
  return reader;
}

async function readAgain(site: Site, talk: Talk): Promise<StrictReader> {
  const tail = new SseTail(talk.id, site.gateways, 0, site.reader());
  tail.open();
  await until(() => tail.reader.hasEnded(talk.messageIds), {
    timeoutMs: REPLAY_MS,
    what: "a later reader is at the end",
  })
    .catch(() => undefined)
    .finally(() => tail.close());
  return tail.reader;
}
