import type { Approvals, HumanDecision } from "@holdfast/bus";
import {
  ApprovalEvent,
  ApprovalList,
  Decision,
  formProblems,
  type InputError,
  Page,
  withDefaults,
} from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, refuse, type Route } from "../http/route.ts";
import { IdInPath } from "./addresses.ts";
import { pageReply } from "./conversations.ts";

/** The gateway knows no names: whoever can reach this route is trusted to decide (docs/security.md). */
const DECIDED_BY = "user:operator";

const ApprovalsPage = Page.extend({
  /** Decided ones stand in their conversations. */
  status: z.literal("requested").default("requested"),
  cursor: z
    .string()
    .regex(/^\d{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a next_cursor of this list")
    .optional(),
});

/** Questions that runs ask humans (protocol §4). */
export function approvalRoutes(approvals: Approvals): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/approvals",
      operationId: "listApprovals",
      summary: "Tool calls that wait for a human, the first to expire first",
      query: ApprovalsPage,
      replies: { 200: { description: "A page of approvals", schema: ApprovalList } },
      errors: ["invalid_cursor"],
      handle: async ({ query: { limit, cursor } }) =>
        pageReply(await approvals.waiting(cursor === undefined ? { limit } : { limit, cursor })),
    }),
    defineRoute({
      method: "post",
      path: "/v1/approvals/:id",
      operationId: "decideApproval",
      summary:
        "Approve or reject a tool call, or answer or decline the question of one that runs; the same decision again answers the first one",
      params: IdInPath,
      body: Decision,
      replies: { 200: { description: "It is decided", schema: ApprovalEvent } },
      errors: ["approval_not_found", "approval_conflict", "approval_expired"],
      handle: async ({ params: { id }, body }) => {
        const asked = (await approvals.find(id))?.event;
        if (!asked) return refuse("approval_not_found", "No approval has this id.");
        const problems = contentProblems(asked, body);
        if (problems.length > 0)
          return refuse("invalid_request", "The decision does not fit what was asked.", problems);
        const decided = await approvals.decide(id, decisionOf(asked, body));
        switch (decided.outcome) {
          case "missing":
            return refuse("approval_not_found", "No approval has this id.");
          case "conflict":
            return refuse("approval_conflict", `It was ${decided.approval.status} before; that stands.`);
          case "expired":
            return refuse("approval_expired", "Nobody decided in time, or its run was cancelled.");
          default:
            return ok(decided.approval);
        }
      },
    }),
  ];
}

/** Only a question has a form, and only who approves fills it in. What was filled in is not quoted. */
function contentProblems(
  { kind, requested_schema: form }: ApprovalEvent,
  { decision, content }: Decision,
): InputError[] {
  if (kind !== "question" || !form || decision === "reject") {
    return content === undefined ? [] : [{ path: "content", message: "belongs to the approval of a question" }];
  }
  if (content === undefined) return [{ path: "content", message: "is required: the form, filled in" }];
  return formProblems(form, withDefaults(form, content));
}

function decisionOf(
  { requested_schema: form }: ApprovalEvent,
  { decision, comment, content }: Decision,
): HumanDecision {
  return {
    decision,
    by: DECIDED_BY,
    ...(comment === undefined ? {} : { comment }),
    ...(form && content ? { content: withDefaults(form, content) } : {}),
  };
}
