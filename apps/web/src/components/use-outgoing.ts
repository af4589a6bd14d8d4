import { type HoldfastError, newId } from "@holdfast/client";
import { useState } from "react";
import type { OutgoingMessage } from "../stream/conversation-store.ts";

/** Resolves to the error where the message was not accepted. */
export type SendMessage = (message: Omit<OutgoingMessage, "agent">) => Promise<HoldfastError | undefined>;

/**
 * The text on its way out. A message that was not accepted comes back into the box with the error. Sent again unchanged
 * it keeps its id, so that one which did arrive, though the answer was lost, is not answered twice.
 */
export function useOutgoing(draft: string, onDraft: (text: string) => void, onSend: SendMessage) {
  const [text, setText] = useState(draft);
  const [error, setError] = useState<string | null>(null);
  const [refusedMessage, setRefusedMessage] = useState<{ messageId: string; content: string } | null>(null);

  const write = (next: string) => {
    setText(next);
    onDraft(next);
  };
  const send = async () => {
    if (!text.trim()) return;
    const message = refusedMessage?.content === text ? refusedMessage : { messageId: newId(), content: text };
    write("");
    setError(null);
    const refused = await onSend(message);
    setRefusedMessage(refused ? message : null);
    if (!refused) return;
    setError(`Not sent: ${refused.message}`);
    // What was typed meanwhile stays, below what came back.
    setText((typed) => {
      const both = typed === "" ? text : `${text}\n${typed}`;
      onDraft(both);
      return both;
    });
  };
  return { text, write, send, error, setError };
}
