import { type ControlEvent, streamTopic } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { controlStateKey, metaKey, runKey, unfinishedKey } from "../keys.ts";

const NO_RELOAD = { entryId: "", by: "" };

/**
 * Tells every conversation with an unfinished run of the agent that a command took effect (protocol §3.2, `control`). Every
 * worker that obeys may call it; the first one writes. Runs that ended meanwhile leave the index here.
 */
export async function announce(
  commands: Commands,
  agent: string,
  reload: { readonly entryId: string; readonly by: string } = NO_RELOAD,
): Promise<void> {
  const told = (await commands.script("announce-1", [controlStateKey(agent)], [reload.entryId, reload.by])).map(text);
  const [command, by, state] = told;
  if (!command || !by || !state) return;
  const seen = new Set<string>();
  for (const member of await commands.send((redis) => redis.zrange(unfinishedKey(agent), "0", "-1"))) {
    const [conversationId = "", runId = ""] = member.split(" ");
    if (seen.has(conversationId)) continue;
    const event: ControlEvent = {
      event: "control",
      conversation_id: conversationId,
      created_at: new Date().toISOString(),
      agent,
      command,
      by,
      state,
    };
    const keys = [streamTopic(conversationId), metaKey(conversationId), runKey(conversationId, runId)];
    const [answer] = await commands.script("append-notice-3", keys, [JSON.stringify(event)]);
    if (text(answer) === "OK") seen.add(conversationId);
    else await commands.send((redis) => redis.zrem(unfinishedKey(agent), member));
  }
}
