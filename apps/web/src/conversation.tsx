import { activeRun, HoldfastError, newId } from "@holdfast/client";
import type { Agent } from "@holdfast/protocol";
import { useCallback, useEffect, useRef } from "react";
import { AgentPicker } from "./components/agent-picker.tsx";
import { Composer } from "./components/composer.tsx";
import { ConversationLog } from "./components/conversation-log.tsx";
import { Absent, Welcome } from "./components/welcome.tsx";
import { currentPlace, goTo } from "./navigation.ts";
import { agents as agentsResource, conversationList } from "./server/server.ts";
import type { ConversationStore, ConversationView, OutgoingMessage } from "./stream/conversation-store.ts";
import { usualAgent, useChosenAgent } from "./use-chosen-agent.ts";

export interface ConversationProps {
  readonly store: ConversationStore;
  readonly view: ConversationView;
  readonly agents: readonly Agent[];
  readonly isDemo: boolean;
}

/** One conversation: its log and the message box. */
export function Conversation({ store, view, agents, isDemo }: ConversationProps) {
  const { chosen, choose } = useChosenAgent(agents, view.conversation);
  const active =
    activeRun(view.conversation)?.runId ?? view.pending.find((message) => message.runId !== null)?.runId ?? undefined;
  const { send, tryAgain } = useSending(store, chosen);
  const decide = useCallback<ConversationStore["decide"]>((...decision) => store.decide(...decision), [store]);

  useRefreshAtEnd(active);

  return (
    <main className="conversation">
      <ConversationLog view={view} agents={agents} onDecide={decide} onTryAgain={tryAgain}>
        {view.problem ? <Absent problem={view.problem} /> : <Welcome isDemo={isDemo} />}
      </ConversationLog>
      <Composer
        draft={store.draft}
        onDraft={store.keepDraft}
        onSend={send}
        onStop={active ? () => store.cancel(active) : undefined}
      >
        <AgentPicker agents={agents} chosen={chosen} onChoose={choose} />
      </Composer>
    </main>
  );
}

/** The list shows what was said last; an answer's end changes that. */
function useRefreshAtEnd(active: string | undefined): void {
  const wasActive = useRef(false);
  useEffect(() => {
    if (wasActive.current && active === undefined) void conversationList.refresh();
    wasActive.current = active !== undefined;
  }, [active]);
}

/** Right after the page was opened its agents may still be on their way: what was typed by then is sent all the same. */
async function askForAgent(): Promise<string | null> {
  await agentsResource.refresh();
  return usualAgent(agentsResource.getView().data?.data ?? []);
}

function useSending(store: ConversationStore, agent: string | null) {
  const send = useCallback(
    async (message: Omit<OutgoingMessage, "agent">) => {
      const recipient = agent ?? (await askForAgent());
      if (recipient === null) {
        return new HoldfastError("no agent is known yet; is the server running?", { code: "network_error", status: 0 });
      }
      const sentFrom = currentPlace();
      const refused = await store.send({ ...message, agent: recipient });
      if (refused) return refused;
      void conversationList.refresh();
      // The address names the conversation from its first message on, unless the reader has gone elsewhere meanwhile.
      if (currentPlace() === sentFrom && !sentFrom.hasBegun) goTo(store.conversationId);
      // A conversation the server did not know, and so refused to stream, exists from now on.
      else if (currentPlace() === sentFrom) store.open();
      return undefined;
    },
    [store, agent],
  );
  const tryAgain = useCallback(
    async (messageId: string) => {
      const { items } = store.getView().conversation;
      const message = items.find((item) => item.kind === "user_message" && item.messageId === messageId);
      if (message?.kind !== "user_message") return undefined;
      return send({ messageId: newId(), content: message.content });
    },
    [store, send],
  );
  return { send, tryAgain };
}
