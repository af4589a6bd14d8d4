import { activeRun, type ConversationItem } from "@holdfast/client";
import type { Agent } from "@holdfast/protocol";
import { type ReactNode, useLayoutEffect } from "react";
import type { ConversationView } from "../stream/conversation-store.ts";
import type { Decide } from "./approval-prompt.tsx";
import { DownIcon } from "./icons.tsx";
import { RunArticle, type TryAgain } from "./run-article.tsx";
import { useStickToBottom } from "./use-stick-to-bottom.ts";
import { UserMessage } from "./user-message.tsx";

export interface ConversationLogProps {
  readonly view: ConversationView;
  readonly agents: readonly Agent[];
  readonly onDecide: Decide;
  readonly onTryAgain: TryAgain;
  /** Shown where there are no messages, or none any more. */
  readonly children: ReactNode;
}

export function ConversationLog({ view, agents, onDecide, onTryAgain, children }: ConversationLogProps) {
  const { scroller, content, isAway, toBottom } = useStickToBottom();
  const { items } = view.conversation;
  const active = activeRun(view.conversation)?.runId;
  const newestPending = view.pending.at(-1)?.messageId;
  // What the reader just sent is what they want to see.
  useLayoutEffect(() => {
    if (newestPending !== undefined) toBottom();
  }, [newestPending, toBottom]);

  const isEmpty = items.length === 0 && view.pending.length === 0;
  return (
    <div className="log-frame">
      <div ref={scroller} className="log-scroller" tabIndex={0} role="log" aria-label="Conversation" aria-live="polite">
        <div ref={content} className="log-column">
          {items.map((item) => (
            <LogItem
              key={keyOf(item)}
              item={item}
              active={active}
              agents={agents}
              onDecide={onDecide}
              onTryAgain={onTryAgain}
            />
          ))}
          {view.pending.map((message) => (
            <UserMessage key={message.messageId} content={message.content} isPending={message.runId === null} />
          ))}
          {(isEmpty || view.problem) && children}
        </div>
      </div>
      {isAway && (
        <button type="button" className="jump-button" onClick={toBottom}>
          <DownIcon />
          Jump to latest
        </button>
      )}
    </div>
  );
}

function keyOf(item: ConversationItem): string {
  if (item.kind === "user_message") return item.messageId;
  return item.kind === "run" ? item.runId : item.id;
}

interface LogItemProps extends Pick<ConversationLogProps, "agents" | "onDecide" | "onTryAgain"> {
  readonly item: ConversationItem;
  readonly active: string | undefined;
}

function LogItem({ item, active, agents, onDecide, onTryAgain }: LogItemProps) {
  switch (item.kind) {
    case "user_message":
      return <UserMessage content={item.content} isPending={false} />;
    case "notice":
      return <p className="line-note">{item.message}</p>;
    case "control":
      return <p className="line-note">{`${item.agent ?? "The agent"} is now ${item.state}`}</p>;
    case "run":
    default:
      return (
        <RunArticle
          run={item}
          agent={agents.find((agent) => agent.name === item.agent)}
          isBehindAnother={item.runId !== active}
          onDecide={onDecide}
          onTryAgain={onTryAgain}
        />
      );
  }
}
