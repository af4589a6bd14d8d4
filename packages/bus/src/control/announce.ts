import { type ControlEvent, streamTopic } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { controlStateKey, metaKey, runKey, toldField, unfinishedKey } from "../keys.ts";

const NO_RELOAD = { entryId: "", by: "" };
/** How long nobody else tells the same: who takes longer is helped, and each conversation still told once. */
const TELLING_MS = 5_000;

type Told = Pick<ControlEvent, "command" | "by" | "state"> & { readonly kind: string; readonly entryId: string };

/**
 * Tells every conversation with an unfinished run of the agent that a command took effect (protocol §3.2, `control`). Every
 * worker that obeys calls it, at each command and again every few seconds: one of them writes, and another goes on where that
 * one died.
 */
export async function announce(
  commands: Commands,
  agent: string,
  reload: { readonly entryId: string; readonly by: string } = NO_RELOAD,
): Promise<void> {
  const state = [controlStateKey(agent)];
  for (;;) {
    const reply = await commands.script("announce-1", state, [reload.entryId, reload.by, TELLING_MS]);
    const [kind, entryId, command, by, after] = reply.map(text);
    if (!kind || !entryId || !command || !by || !after) return;
    await tellAll(commands, agent, { kind, entryId, command, by, state: after });
    await commands.script("announced-1", state, [kind, entryId]);
  }
}

/** Runs that ended meanwhile leave the index here. */
async function tellAll(commands: Commands, agent: string, { kind, entryId, command, by, state }: Told): Promise<void> {
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
    const argv = [JSON.stringify(event), toldField(agent, kind), entryId];
    const [answer] = await commands.script("append-notice-3", keys, argv);
    if (text(answer) === "OK") seen.add(conversationId);
    else await commands.send((redis) => redis.zrem(unfinishedKey(agent), member));
  }
}
