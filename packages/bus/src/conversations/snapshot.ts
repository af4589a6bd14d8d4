import type { ApprovalEvent, HistoryMessage, Metadata } from "@holdfast/protocol";
import { type Reply, record, text } from "../connection/commands.ts";
import { inEpoch } from "../log/entry-now.ts";
import type { ConversationSnapshot } from "../ports/conversations.ts";
import { envelopeOf, journalOf, statusOf } from "./run-record.ts";
import { type Placed, placeOfTurn, readRecord } from "./history-record.ts";
import { toolMessage, assistantMessage, userMessage } from "./history-messages.ts";

type Fields = ReadonlyMap<string, string>;

/** The answer of snapshot-6.lua as a ConversationSnapshot. */
export function snapshotFrom(id: string, reply: readonly Reply[]): ConversationSnapshot {
  const meta = record(reply[1]);
  const history: (Placed & { readonly shown: HistoryMessage })[] = asList(reply[2]).map((entry) =>
    readRecord(text(entry)),
  );
  const active = record(reply[3]);
  const waiting = asList(reply[4]).map(record);
  // A run that waits for its first worker is the active one all the same: a reader can show and cancel it.
  const current = active.size > 0 ? active : waiting[0];
  addTurn(history, active, closedParts(active));
  for (const run of waiting) addTurn(history, run, [userMessage(envelopeOf(run), text(run.get("id")))]);
  const epoch = meta.get("epoch") ?? "0";
  return {
    conversation: {
      id,
      created_at: meta.get("created_at") ?? "",
      metadata: JSON.parse(meta.get("metadata") ?? "{}") as Metadata,
    },
    cursor: `${epoch}-${meta.get("seq") ?? "0"}`,
    messages: history.map(({ shown }) => shown),
    activeRun: current === undefined ? null : activeRun(current),
    activeRunFrom: inEpoch(epoch, current?.get("entry")) ?? null,
    approvals: asList(reply[5]).map((event) => JSON.parse(text(event)) as ApprovalEvent),
  };
}

/** As it will stand in the history when the turn has ended. */
function addTurn(
  history: (Placed & { shown: HistoryMessage })[],
  run: Fields,
  messages: readonly HistoryMessage[],
): void {
  const at = placeOfTurn(history, Number(run.get("turn") ?? Infinity));
  history.splice(at, 0, ...messages.map((shown) => ({ shown })));
}

function asList(reply: Reply | undefined): Reply[] {
  return Array.isArray(reply) ? reply : [];
}

function activeRun(run: Fields): ConversationSnapshot["activeRun"] {
  const finishedSteps = journalOf(run).steps.length;
  return {
    id: text(run.get("id")),
    agent: text(run.get("agent")),
    status: statusOf(run),
    attempt: Number(run.get("attempt")),
    step: finishedSteps,
    text: "",
  };
}

/** What the running turn has finished so far: its question, closed steps and tool results. */
function closedParts(run: Fields): HistoryMessage[] {
  if (run.size === 0) return [];
  const runId = text(run.get("id"));
  const agent = text(run.get("agent"));
  const { steps, results, steered } = journalOf(run);
  const steeredBefore = (step: number): HistoryMessage[] =>
    (steered.get(step) ?? []).map((message) => userMessage(message.envelope, message.run_id));
  return [
    userMessage(envelopeOf(run), runId),
    ...steps.flatMap((step) => [
      ...steeredBefore(step.step),
      assistantMessage(runId, agent, step),
      ...step.calls.flatMap((call) => {
        const result = results.get(call.id);
        return result ? [toolMessage(runId, call.name, result)] : [];
      }),
    ]),
    ...steeredBefore(steps.length),
  ];
}
