import type { ConversationSummary } from "@holdfast/protocol";
import type { MouseEvent } from "react";
import { pathOf } from "../navigation.ts";

export interface ConversationListProps {
  readonly conversations: readonly ConversationSummary[] | null;
  readonly current: string;
  readonly onOpen: (conversationId: string) => void;
}

export function ConversationList({ conversations, current, onOpen }: ConversationListProps) {
  if (conversations === null) return <p className="sidebar-note">Loading…</p>;
  if (conversations.length === 0) return <p className="sidebar-note">What you talk about will be listed here.</p>;
  const open = (event: MouseEvent, id: string) => {
    // A click that asks for another tab or window is the browser's.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onOpen(id);
  };
  return (
    <ul className="conversation-list">
      {conversations.map((conversation) => (
        <li key={conversation.id}>
          <a
            href={pathOf(conversation.id)}
            aria-current={conversation.id === current ? "page" : undefined}
            onClick={(event) => open(event, conversation.id)}
          >
            <span className="conversation-title">{titleOf(conversation)}</span>
            <time dateTime={conversation.created_at}>{dayOf(conversation.updated_at ?? conversation.created_at)}</time>
          </a>
        </li>
      ))}
    </ul>
  );
}

function titleOf(conversation: ConversationSummary): string {
  return conversation.title?.trim() || "Untitled conversation";
}

function dayOf(timestamp: string): string {
  const date = new Date(timestamp);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
}
