import type { Chat } from "../chat.ts";
import { dataOf, plainField } from "../frames.ts";
import { openStream } from "../http.ts";
import type { Adapter } from "./adapter.ts";

/** The model itself, with nothing in between: the floor of every other number. */
export function directAdapter(modelUrl: string): Adapter {
  return {
    say(chat: Chat) {
      const messages = [{ role: "user", content: chat.prompt }];
      const body = { model: "scripted", stream: true, stream_options: { include_usage: true }, messages };
      return openStream(
        { url: `${modelUrl}/chat/completions`, body },
        {
          onFrame: (frame, atUs) => {
            const text = plainField(frame, "content");
            if (text !== undefined) chat.take(text, atUs);
            else if (dataOf(frame) === "[DONE]") chat.finish("complete");
          },
          onEnd: () => chat.finish("broken"),
        },
      );
    },
  };
}
