import { z } from "zod";
import { isUuid, type Uuid } from "./ids.ts";

/** Names of the Redis streams (protocol §2). */

/** An agent's name. It is never a UUID, so the suffix of a `chat:` topic says whose it is. */
export const AgentName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, "must start with a letter and have only a-z, 0-9 and - (at most 63)")
  .refine((name) => !isUuid(name), "must not be a UUID");
export type AgentName = z.infer<typeof AgentName>;

/** `terminal` or the name of an MCP server. */
export const Toolset = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "must have only letters, digits, _ . and - (at most 64)");
export type Toolset = z.infer<typeof Toolset>;

export const TERMINAL_TOOLSET = "terminal";
export const WORKERS_GROUP = "workers";
export const TOOL_RUNNERS_GROUP = "tool-runners";

export const chatTopic = (conversationOrAgent: Uuid | AgentName): string => `chat:${conversationOrAgent}`;
export const streamTopic = (conversationId: Uuid): string => `stream:${conversationId}`;
export const controlTopic = (agent: AgentName): string => `control:${agent}`;
export const toolsTopic = (toolset: Toolset): string => `tools:${toolset}`;
export const resultsTopic = (conversationId: Uuid): string => `results:${conversationId}`;
export const dlqTopic = (topic: string): string => `dlq:${topic}`;

/** True where the suffix of a `chat:` topic names a conversation, not an agent. */
export const isConversationId = (suffix: string): boolean => isUuid(suffix);
