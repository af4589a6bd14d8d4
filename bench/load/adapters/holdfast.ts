import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { nowUs } from "../../clock.ts";
import type { Chat } from "../chat.ts";
import { dataOf, plainField } from "../frames.ts";
import { postJson } from "../http.ts";
import type { Recorder } from "../recorder.ts";
import type { Adapter, FollowHandlers, Reader } from "./adapter.ts";
import { posted } from "./posted.ts";
import { resuming } from "./resuming.ts";

/** What Retry-After says. */
const AGAIN_MS = 1_000;
const TERMINAL = new Set(["completed", "incomplete", "failed", "cancelled"]);

/** The product by its wire contract (docs/protocol.md §4, §5), read by the rule of §3.3. */
export function holdfastAdapter(url: string, recorder: Recorder): Adapter {
  const post = async (id: string, content: string): Promise<void> => {
    const beganUs = nowUs();
    // Refused for the moment (503), it is sent again under the same id, which makes one message of both.
    const message = { id: randomUUID(), agent: "assistant", content };
    for (;;) {
      const reply = await postJson(`${url}/v1/conversations/${id}/messages`, message);
      if (reply.status === 202) break;
      if (reply.status !== 503) throw new Error(`POST messages answered ${reply.status}: ${reply.body}`);
      await delay(AGAIN_MS);
    }
    recorder.posts.record(nowUs() - beganUs);
  };
  const streamOf = (id: string): string => `${url}/v1/conversations/${id}/stream`;
  return {
    say(chat: Chat) {
      const id = randomUUID();
      const read = (): Reader => resuming(streamOf(id), handlersOf({ chat: () => chat }, recorder, true));
      return posted(chat, post(id, chat.prompt), read);
    },
    shared: {
      streamKey: (id) => `stream:${id}`,
      async create(id) {
        const reply = await postJson(`${url}/v1/conversations`, { id });
        if (reply.status !== 201) throw new Error(`POST conversations answered ${reply.status}: ${reply.body}`);
      },
      post,
      follow: (id, handlers) => resuming(streamOf(id), handlersOf(handlers, recorder, false)),
    },
  };
}

function handlersOf({ chat, onOpen }: FollowHandlers, recorder: Recorder, endsWithRun: boolean) {
  return {
    ...(onOpen ? { onOpen } : {}),
    onFrame: (frame: string, atUs: number) => {
      if (frame.includes('"event":"token"')) chat().take(plainField(frame, "text") ?? "", atUs);
      else takeEvent(chat(), dataOf(frame));
      return endsWithRun && chat().end !== undefined;
    },
    onBroken: () => (recorder.reconnects += 1),
    onRefused: () => chat().finish("broken"),
  };
}

/** Everything but tokens, which is rare. */
function takeEvent(chat: Chat, data: string): void {
  if (data === "") return;
  const event = JSON.parse(data) as { event: string; mode?: string; keep_offset?: number; status?: string };
  if (event.event === "attempt" && event.mode === "supersede") chat.withdraw(event.keep_offset ?? 0);
  else if (event.event === "reset") chat.withdraw(0);
  else if (event.event === "run" && TERMINAL.has(event.status ?? ""))
    chat.finish(event.status === "completed" ? "complete" : "broken");
}
