import type { ApprovalRecord, Approvals, ClaimedRun, Question, RunLease } from "@holdfast/bus";
import { argsSha256 } from "@holdfast/bus";
import { type AgentConfig, needsApproval, type ToolCall } from "@holdfast/protocol";
import { maskSecrets } from "@holdfast/telemetry";
import type { OpenCall } from "../run/run-progress.ts";
import { type CallOutcome, notRun } from "./call-outcome.ts";
import type { OfferedTool } from "./toolbox.ts";
import { ToolStepEvents } from "./tool-step-events.ts";

/**
 * Whether one call may go out (protocol §6.1, §4).
 *
 * - A question is asked at most once per call, and its answer holds whatever the policy says by then: what a human rejected
 *   does not run because a rule was relaxed meanwhile.
 * - An approval is for exactly what was shown: a tool whose definition has changed since is not called.
 * - A call that an earlier attempt announced is never asked about: it was permitted then, and the tool-runner judges again.
 */
export type Permission =
  | { readonly kind: "granted"; readonly approval?: NonNullable<ToolCall["approval"]> }
  | { readonly kind: "refused"; readonly outcome: CallOutcome }
  | { readonly kind: "asks" };

export interface CallToPermit {
  readonly open: OpenCall;
  readonly offered: OfferedTool;
  readonly args: ToolCall["arguments"];
}

export function permissionOf(
  { open, offered, args }: CallToPermit,
  record: ApprovalRecord | undefined,
  agent: AgentConfig,
): Permission {
  if (record) return rejectionOf(record) ?? approvedFor(record, hashOf(offered, args));
  if (open.wasStarted || !mustBeApproved(offered, agent)) return { kind: "granted" };
  return { kind: "asks" };
}

export function mustBeApproved({ toolset, tool }: OfferedTool, agent: AgentConfig): boolean {
  return needsApproval({ toolset, name: tool.name, read_only: tool.read_only }, agent.approvals);
}

export interface QuestionContext {
  readonly approvals: Approvals;
  readonly lease: RunLease;
  readonly callId: string;
  readonly expiryMs: number;
}

/** What a human is asked. They must see what will be done: only configured secrets are masked, and nothing is shortened. */
export function questionOf(call: CallToPermit, { approvals, lease, callId, expiryMs }: QuestionContext): Question {
  const { open, offered, args } = call;
  return {
    pending: new ToolStepEvents(lease, open, offered.tool.name).pending,
    asked: {
      approval_id: approvals.idOf(lease.run.id, open.step, open.index),
      tool_call_id: open.call.id,
      name: offered.tool.name,
      args: maskSecrets(args),
      args_sha256: hashOf(offered, args),
      expires_at: new Date(Date.now() + expiryMs).toISOString(),
    },
    callId,
  };
}

/** Undefined where a human approved the call. It needs no tool: what was rejected is `denied` also where its tool is away. */
export function rejectionOf({ event }: ApprovalRecord): Permission | undefined {
  if (event.status === "rejected") {
    return refused("approval_rejected", `A human rejected this call${event.comment ? `: ${event.comment}` : "."}`);
  }
  if (event.status !== "approved") return refused("approval_expired", "No human approved this call in time.");
  return undefined;
}

function approvedFor({ event }: ApprovalRecord, args_sha256: string): Permission {
  if (event.args_sha256 !== args_sha256) {
    return refused("approval_mismatch", "The tool was changed after a human approved this call.");
  }
  return { kind: "granted", approval: { approval_id: event.approval_id, args_sha256 } };
}

function refused(code: "approval_rejected" | "approval_expired" | "approval_mismatch", message: string): Permission {
  return { kind: "refused", outcome: notRun("denied", code, message) };
}

/** True where a human approved one of these calls. */
export async function hasApproved(calls: readonly OpenCall[], run: ClaimedRun, approvals: Approvals): Promise<boolean> {
  if (!run.hasAsked) return false;
  const ids = calls.map(({ step, index }) => approvals.idOf(run.id, step, index));
  const records = await approvals.ofConversation(run.conversationId, ids);
  return [...records.values()].some(({ event }) => event.status === "approved");
}

function hashOf({ toolset, tool }: OfferedTool, args: ToolCall["arguments"]): string {
  const { own_name: name, definition_sha256 } = tool;
  return argsSha256({ toolset, name, arguments: args, definition_sha256 });
}
