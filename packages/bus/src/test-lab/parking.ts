import type { ApprovalEvent } from "@holdfast/protocol";
import type { Bus } from "../ports/bus.ts";
import type { ParkRequest, RunLease } from "../ports/runs.ts";
import { USAGE } from "./bus-lab.ts";

const HOUR_MS = 3_600_000;

/** What a worker asks for calls 0 to n-1 of step 0, all of them to the tool `files__write`. */
export function questionsOf(bus: Bus, lease: RunLease, count = 1, expiresInMs = HOUR_MS): ParkRequest {
  const { run } = lease;
  const questions = Array.from({ length: count }, (_, index) => {
    const call = { tool_call_id: `call-${index}`, name: "files__write", args: { path: `file-${index}` } };
    const asked: ParkRequest["questions"][number]["asked"] = {
      ...call,
      approval_id: bus.approvals.idOf(run.id, 0, index),
      args_sha256: `hash-${index}`,
      expires_at: new Date(Date.now() + expiresInMs).toISOString(),
    };
    const pending = { event: "tool_step" as const, step: 0, ...call, status: "pending_approval" as const };
    return { pending, asked, callId: bus.toolCalls.callId(run.id, 0, index) };
  });
  const shown = {
    id: run.messageId,
    role: "user" as const,
    content: run.envelope.content,
    run_id: run.id,
    created_at: run.envelope.created_at,
  };
  return {
    questions,
    ifCancelled: {
      events: questions.map(({ pending }) => ({ ...pending, status: "cancelled" as const })),
      ending: {
        status: "cancelled",
        reason: "cancelled",
        usage: USAGE,
        output: { text: "I ask.", finish_reason: "cancelled", step: 0 },
        history: [{ shown, model: { role: "user", content: shown.content } }],
      },
    },
  };
}

/** Says something, closes the step and parks. Answers the questions' ids. */
export async function park(bus: Bus, lease: RunLease, count = 1, expiresInMs = HOUR_MS): Promise<string[]> {
  const { outcome, ids } = await tryToPark(bus, lease, count, expiresInMs);
  if (outcome !== "parked") throw new Error("the run was cancelled");
  return ids;
}

/** The same of a run that may have been cancelled meanwhile. */
export async function tryToPark(
  bus: Bus,
  lease: RunLease,
  count: number,
  expiresInMs = HOUR_MS,
): Promise<{ outcome: "parked" | "cancelled"; ids: string[] }> {
  lease.append({ event: "token", step: 0, index: 0, offset: 0, text: "I ask." });
  const calls = Array.from({ length: count }, (_, index) => ({ id: `call-${index}`, name: "write", arguments: "{}" }));
  const step = { step: 0, text: "I ask.", calls, usage: USAGE, created_at: new Date().toISOString() };
  lease.append({ event: "step", step: 0, text: "I ask.", text_sha256: "", finish_reason: "tool_calls" }, { step });
  const request = questionsOf(bus, lease, count, expiresInMs);
  return { outcome: await lease.park(request), ids: request.questions.map(({ asked }) => asked.approval_id) };
}

export const statusOf = async (bus: Bus, id: string): Promise<ApprovalEvent["status"] | undefined> =>
  (await bus.approvals.find(id))?.event.status;
