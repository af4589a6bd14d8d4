import { randomUUID } from "node:crypto";
import { nowUs } from "../../clock.ts";
import type { Chat } from "../chat.ts";
import { dataOf, plainField } from "../frames.ts";
import { postJson } from "../http.ts";
import type { Recorder } from "../recorder.ts";
import type { Adapter, FollowHandlers, Reader } from "./adapter.ts";
import { posted } from "./posted.ts";
import { resuming } from "./resuming.ts";

/** peers/bull-api.ts: a message is a job, and its answer a stream that can be read from any entry on. */
export function bullAdapter(url: string, recorder: Recorder): Adapter {
  const post = async (id: string, content: string): Promise<void> => {
    const beganUs = nowUs();
    const reply = await postJson(`${url}/chats`, { id, content });
    if (reply.status !== 202) throw new Error(`POST /chats answered ${reply.status}: ${reply.body}`);
    recorder.posts.record(nowUs() - beganUs);
  };
  const follow = (id: string, { chat, onOpen }: FollowHandlers): Reader =>
    resuming(`${url}/chats/${id}/stream`, {
      ...(onOpen ? { onOpen } : {}),
      onFrame: (frame, atUs) => {
        const text = plainField(frame, "text");
        if (text !== undefined) chat().take(text, atUs);
        else if (dataOf(frame) === "[DONE]") chat().finish("complete");
        return chat().end !== undefined;
      },
      onBroken: () => (recorder.reconnects += 1),
      onRefused: () => chat().finish("broken"),
    });
  return {
    say(chat: Chat) {
      const id = randomUUID();
      return posted(chat, post(id, chat.prompt), () => follow(id, { chat: () => chat }));
    },
    shared: { streamKey: (id) => `answer:${id}`, create: () => Promise.resolve(), post, follow },
  };
}
