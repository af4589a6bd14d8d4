import { idOf } from "../frames.ts";
import { type OpenStream, openStream } from "../http.ts";
import type { Reader } from "./adapter.ts";

const AGAIN_MS = 100;

export interface ResumingHandlers {
  /** An event with data. True: this was the last one wanted. */
  readonly onFrame: (frame: string, atUs: number) => boolean;
  readonly onOpen?: () => void;
  /** The connection has gone and is opened again soon. */
  readonly onBroken: () => void;
  /** Opening was refused for good. */
  readonly onRefused: () => void;
}

/** Reads an event stream as a browser does: after a broken connection again, from the last id on. */
export function resuming(url: string, { onFrame, onOpen, onBroken, onRefused }: ResumingHandlers): Reader {
  let lastId: string | undefined;
  let isClosed = false;
  let current: OpenStream | undefined;
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    isClosed = true;
    clearTimeout(timer);
    current?.close();
  };
  const open = (): void => {
    const headers = lastId === undefined ? {} : { "last-event-id": lastId };
    current = openStream(
      { url, headers },
      {
        ...(onOpen ? { onOpen } : {}),
        onFrame: (frame, atUs) => {
          lastId = idOf(frame) ?? lastId;
          if (onFrame(frame, atUs)) close();
        },
        onEnd: (status) => {
          if (isClosed) return;
          if (status >= 400 && status < 500) onRefused();
          else {
            onBroken();
            timer = setTimeout(open, AGAIN_MS);
          }
        },
      },
    );
  };
  open();
  return { close };
}
