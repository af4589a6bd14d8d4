import { z } from "zod";
import { Timestamp } from "./envelope.ts";
import { FormSchema } from "./form.ts";
import { Uuid } from "./ids.ts";
import { AgentName } from "./topics.ts";

/** Tool calls and their answers between worker and tool-runner (protocol §2.7). */

/** Payload in `tools:<toolset>`. The entry's `id` is UUIDv5(run_id, "<step>/<index of the call>"). */
export const ToolCall = z.object({
  tool_call_id: z.string().min(1),
  conversation_id: Uuid,
  run_id: Uuid,
  agent: AgentName,
  step: z.int().min(0),
  name: z.string().min(1),
  arguments: z.record(z.string(), z.json()),
  timeout_ms: z.int().min(1),
  approval: z.object({ approval_id: Uuid, args_sha256: z.string() }).optional(),
  created_at: Timestamp,
});
export type ToolCall = z.infer<typeof ToolCall>;

export const ToolOutput = z.looseObject({
  event: z.literal("tool_output"),
  id: Uuid,
  tool_call_id: z.string(),
  stream: z.enum(["stdout", "stderr"]),
  text: z.string(),
});
export type ToolOutput = z.infer<typeof ToolOutput>;

export const ToolResultStatus = z.enum(["completed", "failed", "denied", "cancelled", "unknown"]);
export type ToolResultStatus = z.infer<typeof ToolResultStatus>;

export const ToolContent = z.looseObject({ type: z.string(), text: z.string().optional() });
export type ToolContent = z.infer<typeof ToolContent>;

/** Exactly one per call. `id` is the call's id; the entry's own `id` field is UUIDv5(call id, "result"). */
export const ToolResult = z.looseObject({
  event: z.literal("tool_result"),
  id: Uuid,
  tool_call_id: z.string(),
  status: ToolResultStatus,
  content: z.array(ToolContent),
  structured: z.unknown().optional(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  exit_code: z.int().nullable().optional(),
  truncated: z.boolean().optional(),
  duration_ms: z.number().min(0),
});
export type ToolResult = z.infer<typeof ToolResult>;

/** While a call runs its MCP server asks a human; the call waits. `id` is the call's id. */
export const ToolQuestion = z.looseObject({
  event: z.literal("tool_question"),
  id: Uuid,
  tool_call_id: z.string(),
  /** UUIDv5(call id, "question/<n>"); becomes the approval's id. */
  question_id: Uuid,
  toolset: z.string(),
  message: z.string(),
  requested_schema: FormSchema,
  /** Nobody's answer counts afterwards. */
  expires_at: Timestamp,
});
export type ToolQuestion = z.infer<typeof ToolQuestion>;

/** Payload in `results:<conversation_id>`. */
export const ResultsPayload = z.discriminatedUnion("event", [ToolOutput, ToolResult, ToolQuestion]);
export type ResultsPayload = z.infer<typeof ResultsPayload>;
