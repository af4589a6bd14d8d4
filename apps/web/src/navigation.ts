import { newId } from "@holdfast/client";
import { useSyncExternalStore } from "react";

/** Where the page is: `/c/<conversation_id>`, or `/`, where each visit is about to begin a conversation of its own. */
export interface Place {
  readonly conversationId: string;
  /** False at `/`: the id is minted, and the server does not know it yet. */
  readonly hasBegun: boolean;
}

const CONVERSATION_PATH = /^\/c\/([^/]+)\/?$/;
const listeners = new Set<() => void>();
let place = readPlace();

function readPlace(): Place {
  const named = CONVERSATION_PATH.exec(location.pathname)?.[1];
  return { conversationId: named ?? newId(), hasBegun: named !== undefined };
}

function arrive(): void {
  place = readPlace();
  for (const listener of listeners) listener();
}

export const pathOf = (conversationId: string): string => `/c/${conversationId}`;

export function goTo(conversationId: string): void {
  move(pathOf(conversationId));
}

export function goToNew(): void {
  move("/");
}

function move(path: string): void {
  if (location.pathname !== path) history.pushState(null, "", path);
  arrive();
}

export const currentPlace = (): Place => place;

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, currentPlace);
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener("popstate", arrive);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("popstate", arrive);
  };
}
