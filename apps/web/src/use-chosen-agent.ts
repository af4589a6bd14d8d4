import { type ConversationState, runsOf } from "@holdfast/client";
import type { Agent } from "@holdfast/protocol";
import { useState } from "react";
import { readSetting, writeSetting } from "./settings.ts";

const KEY = "holdfast.agent";

/** Who answers where nothing else says so: the last choice anywhere, else the first. */
export function usualAgent(agents: readonly Agent[]): string | null {
  return [readSetting(KEY), agents[0]?.name].find((name) => agents.some((agent) => agent.name === name)) ?? null;
}

/** Who answers next: the reader's choice here, else who answered here last, else the last choice anywhere, else the first. */
export function useChosenAgent(agents: readonly Agent[], conversation: ConversationState) {
  const [choice, setChoice] = useState<{ conversationId: string | null; name: string } | null>(null);
  const candidates = [
    choice?.conversationId === conversation.conversationId ? choice.name : null,
    runsOf(conversation).at(-1)?.agent,
  ];
  const chosen = candidates.find((name) => agents.some((agent) => agent.name === name)) ?? usualAgent(agents);
  const choose = (name: string) => {
    setChoice({ conversationId: conversation.conversationId, name });
    writeSetting(KEY, name);
  };
  return { chosen, choose };
}
