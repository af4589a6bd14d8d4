import type { Chat } from "../chat.ts";
import { dataOf, plainField } from "../frames.ts";
import { openStream } from "../http.ts";
import type { Adapter } from "./adapter.ts";

/** peers/naive-server.ts: the answer is the response, and there is no other way to it. */
export function naiveAdapter(url: string): Adapter {
  return {
    say: (chat: Chat) =>
      openStream(
        { url: `${url}/chat`, body: { content: chat.prompt } },
        {
          onFrame: (frame, atUs) => {
            const text = plainField(frame, "text");
            if (text !== undefined) chat.take(text, atUs);
            else if (dataOf(frame) === "[DONE]") chat.finish("complete");
          },
          onEnd: () => chat.finish("broken"),
        },
      ),
  };
}
