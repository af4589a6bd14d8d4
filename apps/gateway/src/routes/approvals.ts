import type { Approvals } from "@holdfast/bus";
import { ApprovalEvent, ApprovalList, Decision, Page } from "@holdfast/protocol";
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
      summary: "Approve or reject a tool call; the same decision again answers the first one",
      params: IdInPath,
      body: Decision,
      replies: { 200: { description: "It is decided", schema: ApprovalEvent } },
      errors: ["approval_not_found", "approval_conflict", "approval_expired"],
      handle: async ({ params: { id }, body: { decision, comment } }) => {
        const decided = await approvals.decide(id, {
          decision,
          by: DECIDED_BY,
          ...(comment === undefined ? {} : { comment }),
        });
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
