import type { ClaimedRun, EventLog } from "@holdfast/bus";
import { emptyConversation, reduce, runsOf } from "@holdfast/client";

const PAGE = 1_000;

/**
 * What readers show of a step that an earlier attempt left unfinished; undefined where they show nothing. Found as a reader
 * finds it, with the reader rule itself (protocol §3.3), so nothing can be kept or withdrawn that they do not have.
 */
export async function shownText(log: EventLog, run: ClaimedRun, step: number): Promise<string | undefined> {
  let state = emptyConversation;
  let after = run.logFrom;
  for (;;) {
    const lines = await log.read(run.conversationId, after, PAGE);
    for (const { id, payload } of lines) {
      const event = JSON.parse(payload) as { event: string; run_id?: string };
      if (event.run_id === run.id) state = reduce(state, { id, event });
    }
    if (lines.length < PAGE) break;
    after = lines.at(-1)?.id;
  }
  const left = runsOf(state)[0]?.steps.find(({ index }) => index === step);
  return left && left.text + left.reasoning !== "" ? left.text : undefined;
}
