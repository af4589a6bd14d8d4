import type { Chat } from "../chat.ts";
import type { Reader } from "./adapter.ts";

/** Reads as soon as the message was accepted. */
export function posted(chat: Chat, accepted: Promise<void>, follow: () => Reader): Reader {
  let reader: Reader | undefined;
  let isClosed = false;
  accepted.then(
    () => {
      if (!isClosed) reader = follow();
    },
    (error: unknown) => {
      console.error(String(error));
      chat.finish("broken");
    },
  );
  return {
    close() {
      isClosed = true;
      reader?.close();
    },
  };
}
