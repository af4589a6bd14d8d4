import { z } from "zod";
import { Uuid } from "./ids.ts";
import { Toolset } from "./topics.ts";

/** Payload in `control:<agent>` (protocol §2.7). */
export const ControlCommand = z.object({
  type: z.enum(["pause", "resume", "drain", "cancel", "reload", "restart"]),
  /** Of a restart: the MCP server that every tool-runner starts anew. */
  toolset: Toolset.optional(),
  run_id: Uuid.optional(),
  tool_call_id: z.string().optional(),
  by: z.string(),
  /** Of a cancel: the run has its durable flag already, and this only makes its owner look. Without it the receivers flag the run. */
  flagged: z.boolean().optional(),
});
export type ControlCommand = z.infer<typeof ControlCommand>;

export const AgentState = z.enum(["running", "paused", "draining"]);
export type AgentState = z.infer<typeof AgentState>;
