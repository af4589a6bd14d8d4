import type { HoldfastError } from "@holdfast/client";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { SendIcon, StopIcon } from "./icons.tsx";
import { type SendMessage, useOutgoing } from "./use-outgoing.ts";

export interface ComposerProps {
  /** What was typed here before and not sent. */
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onSend: SendMessage;
  /** Present while a run is active. */
  readonly onStop: (() => Promise<HoldfastError | undefined>) | undefined;
  /** Stands at the left of the buttons. */
  readonly children: ReactNode;
}

/** The message box. It stays usable while an answer is being written. */
export function Composer({ draft, onDraft, onSend, onStop, children }: ComposerProps) {
  const { text, write, send, error, setError } = useOutgoing(draft, onDraft, onSend);
  const box = useFocusWithKeyboard();
  const stop = async () => {
    box.current?.focus();
    const refused = await onStop?.();
    if (refused) setError(`Not stopped: ${refused.message}`);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes a character, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {error && (
        <p role="alert" className="composer-error">
          {error}
        </p>
      )}
      <div className="composer-box">
        <div className="composer-grow" data-text={text}>
          <textarea
            ref={box}
            aria-label="Message"
            placeholder="Write a message…"
            rows={1}
            value={text}
            onChange={(event) => write(event.target.value)}
            onKeyDown={onKeyDown}
          />
        </div>
        <div className="composer-row">
          {children}
          {onStop && (
            <button type="button" className="plain-button" onClick={() => void stop()}>
              <StopIcon />
              Stop
            </button>
          )}
          <button type="submit" className="send-button" aria-label="Send" title="Send (Enter)" disabled={!text.trim()}>
            <SendIcon />
          </button>
        </div>
      </div>
    </form>
  );
}

/** Ready for typing, except on touch screens, where that would bring up a keyboard over half the page. */
function useFocusWithKeyboard() {
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) box.current?.focus();
  }, []);
  return box;
}
