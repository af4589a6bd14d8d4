import { type ApprovalRecord, type Approvals, argsSha256, type Entry } from "@holdfast/bus";
import { type AgentConfig, needsApproval, type ToolCall } from "@holdfast/protocol";
import type { Refusal, ToolToRun } from "./executor.ts";

/*
 * The last gate before a tool runs (protocol §2.7, §6.1). What stands in the queue is believed by nobody: a call that needs
 * an approval by the rules of this process's own holdfast.yaml runs only with one that a human gave, for this very call, and
 * for exactly what is about to be executed. The hash is computed here, over the tool as it is now: where its definition (or,
 * for the terminal, its policy) has changed since the question was asked, the answer no longer counts.
 */

export interface AuthorizeDeps {
  readonly approvals: Pick<Approvals, "find">;
  /** As the configuration has them now. */
  agents(): Readonly<Record<string, Pick<AgentConfig, "approvals">>>;
}

/** Undefined: it may run. */
export async function refusalOf(
  entry: Pick<Entry, "id">,
  call: ToolCall,
  tool: ToolToRun,
  permissions: AuthorizeDeps,
): Promise<Refusal | undefined> {
  if (!needsApproval(tool, rulesOf(call.agent, permissions.agents()))) return undefined;
  const { approval } = call;
  if (!approval) return refuse("approval_required", "This tool needs a human's approval, and the call has none.");
  const record = await permissions.approvals.find(approval.approval_id);
  if (!record || !isFor(record, entry, call)) {
    return refuse("approval_invalid", "The call carries an approval that was not given for it.");
  }
  const { toolset, own_name: name, definition_sha256 } = tool;
  const actual = argsSha256({ toolset, name, arguments: call.arguments, definition_sha256 });
  if (actual !== record.event.args_sha256 || actual !== approval.args_sha256) {
    return refuse("approval_mismatch", "What was approved is not what would be executed now.");
  }
  return tool.deviates ? refuse("approval_mismatch", tool.deviates) : undefined;
}

/** An agent that is not configured here has no rules: every tool that may write needs an approval then. */
function rulesOf(agent: string, agents: ReturnType<AuthorizeDeps["agents"]>): AgentConfig["approvals"] {
  return Object.hasOwn(agents, agent) ? (agents[agent]?.approvals ?? {}) : {};
}

/** An answer to what its server asked while it ran is no leave to run it. */
function isFor({ event, callId }: ApprovalRecord, entry: Pick<Entry, "id">, call: ToolCall): boolean {
  return (
    event.kind === undefined &&
    event.status === "approved" &&
    callId === entry.id &&
    event.conversation_id === call.conversation_id &&
    event.run_id === call.run_id &&
    event.tool_call_id === call.tool_call_id
  );
}

const refuse = (code: "approval_required" | "approval_invalid" | "approval_mismatch", message: string): Refusal => ({
  code,
  message,
});
