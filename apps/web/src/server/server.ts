import { HoldfastClient, HoldfastError } from "@holdfast/client";
import { ConversationStores } from "../stream/conversation-stores.ts";
import { Resource } from "./resource.ts";

/** The page's one connection to its gateway, which serves it from the same origin. */
const client = new HoldfastClient({ baseUrl: "" });
const RETRY_MS = 2_000;
/** Shows within this time that an agent was paused, or, where no stream is open, that the server is gone. */
const REFRESH_MS = 15_000;
const LIST_LENGTH = 100;

export const conversations = new ConversationStores(client);

export const agents = new Resource({ load: (signal) => client.agents({ signal }), retryMs: RETRY_MS });

export const conversationList = new Resource({
  load: (signal) => client.listConversations({ limit: LIST_LENGTH, signal }),
  retryMs: RETRY_MS,
});

/** Asked for only while it is looked at. */
export const toolsets = new Resource({ load: (signal) => client.tools({ signal }), retryMs: RETRY_MS });

/** Answers what went wrong. */
export async function restartToolset(toolset: string): Promise<HoldfastError | undefined> {
  try {
    await client.restartToolset(toolset);
    return undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

/** Keeps agents and list fresh while the page is looked at; returns how to stop. */
export function keepFresh(): () => void {
  const refresh = () => {
    if (document.visibilityState === "visible") void agents.refresh();
  };
  const refreshAll = () => {
    refresh();
    if (document.visibilityState === "visible") void conversationList.refresh();
  };
  refreshAll();
  const timer = setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refreshAll);
  globalThis.addEventListener("online", refreshAll);
  globalThis.addEventListener("offline", refresh);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", refreshAll);
    globalThis.removeEventListener("online", refreshAll);
    globalThis.removeEventListener("offline", refresh);
  };
}
