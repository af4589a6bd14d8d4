import type { EventLog } from "@holdfast/bus";
import { emptyConversation, reduce, runsOf } from "@holdfast/client";
import { type ActiveRun, compareEntryIds } from "@holdfast/protocol";
import { mergeTokens } from "../sse/merge-tokens.ts";

const PAGE = 500;

/**
 * What a reader at this instant is shown of the run's unfinished step: its events, folded by the rule that readers follow.
 * A run of which no step is open shows nothing here; its finished steps are messages.
 */
export async function unfinishedText(
  log: EventLog,
  conversationId: string,
  run: ActiveRun,
  range: { readonly after: string | null; readonly through: string },
): Promise<string> {
  let state = emptyConversation;
  let after = range.after ?? undefined;
  for (;;) {
    const lines = await log.read(conversationId, after, PAGE);
    const inRange = lines.filter((line) => compareEntryIds(line.id, range.through) <= 0);
    for (const { id, payload } of mergeTokens(inRange)) {
      state = reduce(state, { id, event: JSON.parse(payload) as { event: string } });
    }
    if (lines.length < PAGE || inRange.length < lines.length) break;
    after = lines.at(-1)?.id;
  }
  const steps = runsOf(state).find(({ runId }) => runId === run.id)?.steps;
  return steps?.find(({ index }) => index === run.step)?.text ?? "";
}
