import { Uuid } from "@holdfast/protocol";
import { z } from "zod";
import { type Reply, refuse } from "../http/route.ts";

/** What several routes take and answer alike. */

export const IdInPath = z.object({ id: Uuid });

export const conversationUrl = (id: string): string => `/v1/conversations/${id}`;
export const streamUrl = (id: string): string => `${conversationUrl(id)}/stream`;

/** A deleted conversation reads as unknown: its keys are gone. Only writing to it is told apart (410). */
export const noConversation = (): Reply => refuse("conversation_not_found", "No conversation has this id.");
export const deletedConversation = (): Reply =>
  refuse("conversation_deleted", "This conversation was deleted; use another id.");
export const noAgent = (name: string): Reply =>
  refuse("agent_not_found", `No agent is configured under the name ${name}.`);
export const noRun = (): Reply => refuse("run_not_found", "No run has this id.");
