import type { Chat } from "../chat.ts";

export interface Reader {
  /** Reads no further; the system sees its client go. */
  close(): void;
}

export interface FollowHandlers {
  /** The answer that is being read; several follow one another where a conversation has several. */
  readonly chat: () => Chat;
  readonly onOpen?: () => void;
}

/** How one system is spoken to. Reading goes on over broken connections as far as the system offers it. */
export interface Adapter {
  /** Asks for an answer and reads it to its end; `chat` is told everything, also failure. */
  say(chat: Chat): Reader;
  /** Only where a conversation has readers apart from who asks. */
  readonly shared?: SharedConversations;
}

export interface SharedConversations {
  /** Redis stream that holds a conversation's entries. */
  streamKey(conversationId: string): string;
  create(conversationId: string): Promise<void>;
  /** Resolves when the message was accepted. Throws where it was refused. */
  post(conversationId: string, prompt: string): Promise<void>;
  /** Reads from the beginning on. */
  follow(conversationId: string, handlers: FollowHandlers): Reader;
}
