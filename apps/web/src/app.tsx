import type { ConversationState, FollowStatus } from "@holdfast/client";
import type { Agent, ConversationSummary } from "@holdfast/protocol";
import { useEffect, useState, useSyncExternalStore } from "react";
import { PageHeader } from "./components/page-header.tsx";
import { Drawer, Sidebar } from "./components/sidebar.tsx";
import { DemoBanner } from "./components/welcome.tsx";
import { Conversation } from "./conversation.tsx";
import { goTo, goToNew, type Place, usePlace } from "./navigation.ts";
import type { ResourceView } from "./server/resource.ts";
import { agents, conversationList, conversations, keepFresh } from "./server/server.ts";

export function App() {
  const place = usePlace();
  const { store, view } = useConversation(place);
  const agentsView = useSyncExternalStore(agents.subscribe, agents.getView);
  const list = useConversationList();
  const [isDrawerOpen, setIsDrawerOpen] = useState(false);
  useEffect(keepFresh, []);

  const title = useTitle(place, list, view.conversation);

  const openNew = () => {
    setIsDrawerOpen(false);
    goToNew();
  };
  const open = (conversationId: string) => {
    setIsDrawerOpen(false);
    goTo(conversationId);
  };
  const sidebar = { conversations: list, current: place.conversationId, onOpen: open, onNew: openNew };
  const isDemo = agentsView.data?.demo === true;
  return (
    <div className="page">
      <Sidebar {...sidebar} />
      {isDrawerOpen && <Drawer {...sidebar} onClose={() => setIsDrawerOpen(false)} />}
      <div className="main">
        <PageHeader
          title={title}
          connection={store.isOpen ? view.connection : connectionOf(agentsView)}
          onMenu={() => setIsDrawerOpen(true)}
          onNew={openNew}
        />
        {isDemo && <DemoBanner />}
        <Conversation
          key={store.conversationId}
          store={store}
          view={view}
          agents={agentsView.data?.data ?? NONE}
          isDemo={isDemo}
        />
      </div>
    </div>
  );
}

const NONE: readonly Agent[] = [];

function useConversationList(): readonly ConversationSummary[] | null {
  const { data } = useSyncExternalStore(conversationList.subscribe, conversationList.getView);
  return data && data.data;
}

/** As the list has it; until it does, what was said first. */
function useTitle(place: Place, list: readonly ConversationSummary[] | null, { items }: ConversationState): string {
  const listed = list?.find((conversation) => conversation.id === place.conversationId);
  const first = items.find((item) => item.kind === "user_message");
  const title = listed?.title?.trim() || first?.content;
  useEffect(() => {
    document.title = title ? `${title} – Holdfast` : "Holdfast";
  }, [title]);
  return title ?? (place.hasBegun ? "Conversation" : "New conversation");
}

/** The conversation of this place, followed as long as it is shown. One not begun has no stream yet. */
function useConversation({ conversationId, hasBegun }: Place) {
  const store = conversations.get(conversationId);
  const view = useSyncExternalStore(store.subscribe, store.getView);
  useEffect(() => {
    if (!hasBegun) return undefined;
    store.open();
    return () => store.close();
  }, [store, hasBegun]);
  return { store, view };
}

const FAILURES_UNTIL_OFFLINE = 5;

/** The connection where no stream is open: as the last request for the agents went. */
function connectionOf({ data, error, failures }: ResourceView<unknown>): FollowStatus {
  if (data !== null && error === null) return "live";
  return navigator.onLine && failures < FAILURES_UNTIL_OFFLINE ? "reconnecting" : "offline";
}
