import { z } from "zod";
import { AgentState } from "./control.ts";
import { EntryId } from "./entry-id.ts";
import { Content, Metadata, Party, Timestamp } from "./envelope.ts";
import { ApprovalEvent, RunError, Usage } from "./events.ts";
import { FormContent } from "./form.ts";
import { Uuid } from "./ids.ts";
import { RunStatus } from "./run-status.ts";
import { AgentName } from "./topics.ts";

/** Bodies of the HTTP routes (protocol §4). */

export const CreateConversation = z.object({ id: Uuid.optional(), metadata: Metadata.optional() });
export type CreateConversation = z.infer<typeof CreateConversation>;

export const Conversation = z.object({ id: Uuid, created_at: Timestamp, metadata: Metadata.optional() });
export type Conversation = z.infer<typeof Conversation>;

/** A row of the conversation list: additive fields help a page show it. */
export const ConversationSummary = Conversation.extend({
  title: z.string().optional(),
  updated_at: Timestamp.optional(),
});
export type ConversationSummary = z.infer<typeof ConversationSummary>;

export const Page = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(200).optional(),
});
export type Page = z.infer<typeof Page>;

function listOf<Row extends z.ZodType>(row: Row) {
  return z.object({ data: z.array(row), next_cursor: z.string().nullable(), has_more: z.boolean() });
}

/** A message of the history. `role: "tool"` is a tool's answer as shown: redacted and capped. */
export const HistoryMessage = z.looseObject({
  id: z.string(),
  role: z.enum(["user", "assistant", "tool"]),
  content: z.string(),
  run_id: Uuid.optional(),
  created_at: Timestamp,
  sender: Party.optional(),
  agent: z.string().optional(),
  name: z.string().optional(),
  tool_call_id: z.string().optional(),
});
export type HistoryMessage = z.infer<typeof HistoryMessage>;

export const ActiveRun = z.looseObject({
  id: Uuid,
  agent: z.string(),
  status: RunStatus,
  attempt: z.int().min(0),
  step: z.int().min(0),
  text: z.string(),
});
export type ActiveRun = z.infer<typeof ActiveRun>;

export const Snapshot = z.looseObject({
  id: Uuid,
  created_at: Timestamp,
  metadata: Metadata,
  cursor: EntryId,
  messages: z.array(HistoryMessage),
  active_run: ActiveRun.nullable(),
  approvals: z.array(ApprovalEvent),
});
export type Snapshot = z.infer<typeof Snapshot>;

export const ConversationList = listOf(ConversationSummary);
export type ConversationList = z.infer<typeof ConversationList>;
export const MessageList = listOf(HistoryMessage);
export type MessageList = z.infer<typeof MessageList>;

export const OnBusy = z.enum(["enqueue", "reject", "interrupt", "steer"]);
export type OnBusy = z.infer<typeof OnBusy>;

export const SendMessage = z.object({
  id: Uuid.optional(),
  agent: AgentName,
  content: Content,
  sender: Party.optional(),
  metadata: Metadata.optional(),
  on_busy: OnBusy.optional(),
});
export type SendMessage = z.infer<typeof SendMessage>;

export const MessageAccepted = z.looseObject({
  message_id: Uuid,
  run_id: Uuid,
  conversation_id: Uuid,
  status: RunStatus,
  stream_url: z.string(),
});
export type MessageAccepted = z.infer<typeof MessageAccepted>;

export const Run = z.looseObject({
  id: Uuid,
  conversation_id: Uuid,
  message_id: Uuid,
  agent: z.string(),
  status: RunStatus,
  attempt: z.int().min(0),
  /** Steps begun so far. */
  steps: z.int().min(0),
  usage: Usage,
  created_at: Timestamp,
  started_at: Timestamp.optional(),
  finished_at: Timestamp.optional(),
  reason: z.string().optional(),
  error: RunError.optional(),
  /** What it, or a call of it, waits for: the questions nobody has decided yet. */
  approvals: z.array(ApprovalEvent).optional(),
});
export type Run = z.infer<typeof Run>;

export const CancelAccepted = z.looseObject({ run_id: Uuid, status: RunStatus });
export type CancelAccepted = z.infer<typeof CancelAccepted>;

export const Agent = z.looseObject({
  name: AgentName,
  state: AgentState,
  /** Entries waiting in `chat:<agent>`, unread and in work. */
  queue_length: z.int().min(0),
  /** Unread plus in work, as `holdfast_queue_lag` (protocol §8.3). */
  lag: z.int().min(0),
  workers: z.int().min(0),
});
export type Agent = z.infer<typeof Agent>;
export const AgentList = z.looseObject({ data: z.array(Agent), demo: z.boolean().optional() });
export type AgentList = z.infer<typeof AgentList>;

export const AgentControl = z.object({ command: z.enum(["pause", "resume", "drain", "reload"]) });
export type AgentControl = z.infer<typeof AgentControl>;
export const ControlAccepted = z.looseObject({ name: AgentName, state: AgentState });
export type ControlAccepted = z.infer<typeof ControlAccepted>;

export const Tool = z.looseObject({
  name: z.string(),
  description: z.string(),
  input_schema: z.record(z.string(), z.json()),
});
export type Tool = z.infer<typeof Tool>;
/** An MCP server as one tool-runner has it. */
export const ServerInfo = z.looseObject({
  /** The tool-runner's instance. */
  runner: z.string(),
  state: z.string(),
  /** Why it is in this state, with the last lines of its stderr where it died. */
  error: z.string().optional(),
  /** Of a stdio server that runs. */
  pid: z.int().optional(),
  /** How it is spoken to: `newline`, `content-length`, `http` or `sse`. */
  transport: z.string().optional(),
  /** Starts after the first. */
  restarts: z.int().min(0),
  /** The last time it failed or died, also where it works again. */
  last_error: z.looseObject({ message: z.string(), at: Timestamp }).optional(),
  /** Milliseconds its last answered call took. */
  latency_ms: z.number().min(0).optional(),
  /** How many it offers. */
  tools: z.int().min(0),
});
export type ServerInfo = z.infer<typeof ServerInfo>;
export const ToolsetInfo = z.looseObject({
  toolset: z.string(),
  state: z.string(),
  error: z.string().optional(),
  /** Of the terminal: what contains its commands (docs/security.md). */
  tier: z.string().optional(),
  /** Of the terminal: why it is not another tier, by the other's name. */
  tier_reasons: z.record(z.string(), z.string()).optional(),
  /** Of an MCP server: one for each tool-runner that serves it. */
  servers: z.array(ServerInfo).optional(),
  tools: z.array(Tool),
});
export type ToolsetInfo = z.infer<typeof ToolsetInfo>;
/** A file of a conversation's workspace; `url` downloads it. */
export const WorkspaceFile = z.looseObject({
  path: z.string(),
  size: z.int(),
  modified_at: Timestamp,
  url: z.string(),
});
export const FileList = z.looseObject({
  data: z.array(WorkspaceFile),
  /** There are more than are listed. */
  truncated: z.boolean(),
});
export type FileList = z.infer<typeof FileList>;
export const RestartAccepted = z.looseObject({ toolset: z.string() });
export type RestartAccepted = z.infer<typeof RestartAccepted>;
export const ToolList = z.looseObject({ data: z.array(ToolsetInfo) });
export type ToolList = z.infer<typeof ToolList>;

export const Decision = z.object({
  decision: z.enum(["approve", "reject"]),
  comment: z.string().max(2000).optional(),
  /** For `approve` of a question: the form, filled in. */
  content: FormContent.optional(),
});
export type Decision = z.infer<typeof Decision>;
export const ApprovalList = listOf(ApprovalEvent);
export type ApprovalList = z.infer<typeof ApprovalList>;

export const DeadLetter = z.looseObject({
  entry: z.string(),
  topic: z.string(),
  id: z.string(),
  payload: z.string(),
  error: z.string(),
  deliveries: z.int(),
  first_seen: Timestamp,
  source_id: z.string(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;
export const DeadLetterList = listOf(DeadLetter);
export type DeadLetterList = z.infer<typeof DeadLetterList>;

export const Check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() });
export const Health = z.looseObject({ status: z.literal("ok") });
export const Readiness = z.looseObject({ status: z.enum(["ready", "not_ready"]), checks: z.array(Check) });
