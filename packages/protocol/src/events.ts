import { z } from "zod";
import { Party, Timestamp } from "./envelope.ts";
import { FormSchema } from "./form.ts";
import { Uuid } from "./ids.ts";
import { RunStatus } from "./run-status.ts";

/**
 * The event log of a conversation (protocol §3.2). Readers skip what they do not know, so every object is open.
 * `attempt` counts from 1 (0 before the first claim); `step` from 0; offsets and lengths are UTF-16 code units.
 */
const conversation = { conversation_id: Uuid, created_at: Timestamp };
const ofRun = { ...conversation, run_id: Uuid, agent: z.string(), attempt: z.int().min(0) };
const step = z.int().min(0);

export const Usage = z.object({
  input_tokens: z.int().min(0),
  output_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});
export type Usage = z.infer<typeof Usage>;

export const RunError = z.looseObject({ code: z.string(), message: z.string(), retryable: z.boolean() });
export type RunError = z.infer<typeof RunError>;

export const FinishReason = z.enum(["stop", "length", "content_filter", "budget", "cancelled", "error"]);
export type FinishReason = z.infer<typeof FinishReason>;

export const UserMessageEvent = z.looseObject({
  event: z.literal("user_message"),
  ...conversation,
  message_id: Uuid,
  sender: Party,
  content: z.string(),
});
export type UserMessageEvent = z.infer<typeof UserMessageEvent>;

export const RunEvent = z.looseObject({
  event: z.literal("run"),
  ...ofRun,
  status: RunStatus,
  message_id: Uuid,
  reason: z.string().optional(),
  error: RunError.optional(),
  usage: Usage.optional(),
});
export type RunEvent = z.infer<typeof RunEvent>;

export const AttemptEvent = z.looseObject({
  event: z.literal("attempt"),
  ...ofRun,
  mode: z.enum(["start", "supersede", "continue"]),
  step,
  keep_offset: z.int().min(0),
  cause: z.string(),
});
export type AttemptEvent = z.infer<typeof AttemptEvent>;

/** A piece of model text. Leaves out `agent` and `created_at`: it is written for every token. */
export const TokenEvent = z.looseObject({
  event: z.literal("token"),
  conversation_id: Uuid,
  run_id: Uuid,
  attempt: z.int().min(0),
  step,
  index: z.int().min(0),
  offset: z.int().min(0),
  text: z.string(),
  channel: z.enum(["text", "reasoning"]).optional(),
});
export type TokenEvent = z.infer<typeof TokenEvent>;

export const StepEvent = z.looseObject({
  event: z.literal("step"),
  ...ofRun,
  step,
  text: z.string(),
  text_sha256: z.string(),
  finish_reason: z.string(),
});
export type StepEvent = z.infer<typeof StepEvent>;

export const ToolStepStatus = z.enum([
  "pending_approval",
  "started",
  "output",
  "completed",
  "failed",
  "denied",
  "cancelled",
  "unknown",
]);
export type ToolStepStatus = z.infer<typeof ToolStepStatus>;

export const ToolStepEvent = z.looseObject({
  event: z.literal("tool_step"),
  ...ofRun,
  step,
  tool_call_id: z.string(),
  name: z.string(),
  args: z.unknown(),
  status: ToolStepStatus,
  result_summary: z.string().optional(),
  output: z.string().optional(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  duration_ms: z.number().min(0).optional(),
});
export type ToolStepEvent = z.infer<typeof ToolStepEvent>;

export const ApprovalStatus = z.enum(["requested", "approved", "rejected", "expired"]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

export const ApprovalEvent = z.looseObject({
  event: z.literal("approval"),
  ...ofRun,
  approval_id: Uuid,
  tool_call_id: z.string(),
  name: z.string(),
  args: z.unknown(),
  args_sha256: z.string(),
  status: ApprovalStatus,
  decided_by: z.string().optional(),
  /** Of who decided; the model is told. */
  comment: z.string().optional(),
  expires_at: Timestamp.optional(),
  /** Absent: may the call be made? `question`: the MCP server that runs it wants a form filled in, and waits. */
  kind: z.literal("question").optional(),
  /** Of a question: the server's words. */
  message: z.string().optional(),
  /** Of a question: what is to be filled in. What was filled in stands in no event. */
  requested_schema: FormSchema.optional(),
  /** Of a question: the server that asks. */
  toolset: z.string().optional(),
});
export type ApprovalEvent = z.infer<typeof ApprovalEvent>;

export const OutputEvent = z.looseObject({
  event: z.literal("output"),
  ...ofRun,
  message_id: Uuid,
  text: z.string(),
  finish_reason: FinishReason,
  usage: Usage,
  text_length: z.int().min(0),
  text_sha256: z.string(),
  /** The step whose text this is: the last one that readers know of. */
  step: step.optional(),
});
export type OutputEvent = z.infer<typeof OutputEvent>;

export const ControlEvent = z.looseObject({
  event: z.literal("control"),
  ...conversation,
  agent: z.string().optional(),
  command: z.string(),
  by: z.string(),
  state: z.string(),
});
export type ControlEvent = z.infer<typeof ControlEvent>;

export const ErrorEvent = z.looseObject({
  event: z.literal("error"),
  ...conversation,
  run_id: Uuid.optional(),
  agent: z.string().optional(),
  attempt: z.int().min(0).optional(),
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
});
export type ErrorEvent = z.infer<typeof ErrorEvent>;

/** Everything that can stand in `stream:<conversation_id>`. */
export const StreamEvent = z.discriminatedUnion("event", [
  UserMessageEvent,
  RunEvent,
  AttemptEvent,
  TokenEvent,
  StepEvent,
  ToolStepEvent,
  ApprovalEvent,
  OutputEvent,
  ControlEvent,
  ErrorEvent,
]);
export type StreamEvent = z.infer<typeof StreamEvent>;

/** A frame only the gateway makes (protocol §5.5): the reader forgets the conversation; everything kept follows. */
export const ResetEvent = z.looseObject({
  event: z.literal("reset"),
  conversation_id: Uuid,
  reason: z.enum(["trimmed", "epoch", "unknown"]),
  snapshot_url: z.string(),
});
export type ResetEvent = z.infer<typeof ResetEvent>;

/** What an SSE frame's `data` can be. */
export const FrameEvent = z.discriminatedUnion("event", [...StreamEvent.options, ResetEvent]);
export type FrameEvent = z.infer<typeof FrameEvent>;
