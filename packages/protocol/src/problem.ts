import { z } from "zod";

/** RFC 9457 problem details (protocol §4). Every code has its cause and remedy in docs/errors.md. */
export const ERROR_CODES = {
  invalid_request: { status: 400, title: "The request is not valid" },
  malformed_json: { status: 400, title: "The body is not JSON" },
  malformed_id: { status: 400, title: "An id is malformed" },
  invalid_cursor: { status: 400, title: "The cursor is malformed" },
  too_many_conversations: { status: 400, title: "Too many conversations in one stream" },
  forbidden: { status: 403, title: "The request came from a place that is not allowed" },
  not_found: { status: 404, title: "No such route" },
  conversation_not_found: { status: 404, title: "No such conversation" },
  run_not_found: { status: 404, title: "No such run" },
  agent_not_found: { status: 404, title: "No such agent" },
  approval_not_found: { status: 404, title: "No such approval" },
  toolset_not_found: { status: 404, title: "No such MCP server" },
  file_not_found: { status: 404, title: "No such file" },
  dlq_entry_not_found: { status: 404, title: "No such dead letter" },
  method_not_allowed: { status: 405, title: "The route has no such method" },
  idempotency_conflict: { status: 409, title: "The id was used for another message" },
  conversation_busy: { status: 409, title: "The conversation has an active run" },
  approval_conflict: { status: 409, title: "The approval was decided otherwise" },
  approval_expired: { status: 409, title: "The approval has expired" },
  conversation_deleted: { status: 410, title: "The conversation was deleted" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be application/json" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something went wrong here" },
  unavailable: { status: 503, title: "The service cannot answer now" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const InputError = z.object({ path: z.string(), message: z.string() });
export type InputError = z.infer<typeof InputError>;

export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  errors: z.array(InputError).optional(),
});
export type Problem = z.infer<typeof Problem>;

export function problem(code: ErrorCode, detail: string, errors?: InputError[]): Problem {
  const { status, title } = ERROR_CODES[code];
  return { type: `urn:holdfast:problem:${code}`, title, status, detail, code, ...(errors ? { errors } : {}) };
}

/** zod issues as the `errors` of a problem; `path` is dotted (`budget.tokens_per_run`). */
export function inputErrors(error: z.ZodError): InputError[] {
  return error.issues.map((issue) => ({ path: issue.path.map(String).join("."), message: issue.message }));
}
