import { controlTopic } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { controlStateKey } from "../keys.ts";
import { fieldOf } from "../log/redis-event-log.ts";
import { readCommand } from "./read-command.ts";

/** Entries read at a time. */
const PAGE = 100;

/**
 * Who listens hears only what comes from then on, and a cancel that an operator put into the topic has no flag anywhere else.
 * So its entries are walked from the newest that was obeyed, by every worker that looks: the mark is set only after the flags
 * of the runs are, and where two walk at once both set the same flags. A cancel that is flagged already, or is for the
 * tool-runners, is passed over.
 */
export async function obeyCancels(
  commands: Commands,
  agent: string,
  obey: (runId: string, by: string) => Promise<unknown>,
): Promise<void> {
  const [topic, state] = [controlTopic(agent), controlStateKey(agent)];
  let mark = await commands.send((redis) => redis.hget(state, "cancels_obeyed"));
  for (;;) {
    const from = mark ? `(${mark}` : "-";
    const entries = await commands.send((redis) => redis.xrange(topic, from, "+", "COUNT", PAGE));
    const newest = entries.at(-1)?.[0];
    if (newest === undefined) return;
    for (const [, fields] of entries) {
      const cancel = unflaggedCancel(fieldOf(fields, "payload"));
      if (cancel) await obey(cancel.runId, cancel.by);
    }
    mark = text((await commands.script("cancels-obeyed-1", [state], [newest]))[0]);
  }
}

function unflaggedCancel(payload: string): { readonly runId: string; readonly by: string } | undefined {
  const command = readCommand(payload);
  if (command?.type !== "cancel" || command.tool_call_id !== undefined || command.flagged) return undefined;
  return command.run_id === undefined ? undefined : { runId: command.run_id, by: command.by };
}
