import type { Approvals, HumanDecision } from "@holdfast/bus";
import {
  ApprovalEvent,
  ApprovalList,
  Decision,
  FormContent,
  formProblems,
  type FormSchema,
  type InputError,
  Page,
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

/** Only a question has a form: to any other decision `content` is a key that nobody knows, and is passed over as those are. */
const DecisionBody = Decision.extend({ content: z.union([FormContent, z.unknown()]).optional() });
type DecisionBody = z.infer<typeof DecisionBody>;

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
      body: DecisionBody,
      replies: { 200: { description: "It is decided", schema: ApprovalEvent } },
      errors: ["approval_not_found", "approval_conflict", "approval_expired"],
      handle: async ({ params: { id }, body }) => {
        const asked = (await approvals.find(id))?.event;
        if (!asked) return refuse("approval_not_found", "No approval has this id.");
        const { content, problems } = answerOf(asked, body);
        if (problems.length > 0) return misfit(asked, problems);
        const decided = await approvals.decide(id, decisionOf(body, content));
        switch (decided.outcome) {
          case "missing":
            return refuse("approval_not_found", "No approval has this id.");
          case "conflict":
            return conflict(decided.approval);
          case "expired":
            return expired();
          default:
            return ok(decided.approval);
        }
      },
    }),
  ];
}

interface Answer {
  /** Undefined where no form is filled in. */
  readonly content?: FormContent;
  readonly problems: readonly InputError[];
}

/** What fills the form in, where the decision approves a question; nothing at all fills in a form that requires nothing. */
function answerOf({ kind, requested_schema: form }: ApprovalEvent, { decision, content = {} }: DecisionBody): Answer {
  return kind === "question" && form && decision === "approve" ? filledIn(form, content) : { problems: [] };
}

/** As it was sent: a field that is left out was cleared, and what that means is the server's to say. Nothing of it is quoted. */
function filledIn(form: FormSchema, content: unknown): Answer {
  const read = FormContent.safeParse(content);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => ({ path: ["content", ...path].join("."), message }));
    return { problems };
  }
  return { content: read.data, problems: formProblems(form, read.data) };
}

/** What does not fit is told while it could be put right. Afterwards it is not the answer that was given, for that one fitted. */
function misfit({ status, expires_at }: ApprovalEvent, problems: readonly InputError[]) {
  if (status === "expired" || (status === "requested" && Date.parse(expires_at ?? "") <= Date.now())) return expired();
  if (status !== "requested") return conflict({ status });
  return refuse("invalid_request", "The decision does not fit what was asked.", [...problems]);
}

const conflict = ({ status }: Pick<ApprovalEvent, "status">) =>
  refuse("approval_conflict", `It was ${status} before; that stands.`);

const expired = () => refuse("approval_expired", "Nobody decided in time, or its run was cancelled.");

function decisionOf({ decision, comment }: DecisionBody, content: FormContent | undefined): HumanDecision {
  return {
    decision,
    by: DECIDED_BY,
    ...(comment === undefined ? {} : { comment }),
    ...(content === undefined ? {} : { content }),
  };
}
