import type { ErrorCode, Problem } from "@holdfast/protocol";

/** `network_error`: no answer came. `unexpected_response`: an answer that is not Holdfast's, say a proxy's error page. */
export type HoldfastErrorCode = ErrorCode | "network_error" | "unexpected_response";

/** A request that did not succeed. `status` is the HTTP status, 0 where no answer came. */
export class HoldfastError extends Error {
  override readonly name = "HoldfastError";
  readonly code: HoldfastErrorCode;
  readonly status: number;
  readonly problem: Problem | undefined;

  constructor(
    message: string,
    fields: { code: HoldfastErrorCode; status: number; problem?: Problem; cause?: unknown },
  ) {
    super(message, { cause: fields.cause });
    this.code = fields.code;
    this.status = fields.status;
    this.problem = fields.problem;
  }
}

export function networkError(cause: unknown): HoldfastError {
  return new HoldfastError("the server cannot be reached", { code: "network_error", status: 0, cause });
}

/** The error an unsuccessful response stands for: its problem+json where it has one. */
export async function errorOfResponse(response: Response): Promise<HoldfastError> {
  const { status } = response;
  const problem = asProblem(await response.json().catch(() => undefined));
  if (problem) return new HoldfastError(problem.detail || problem.title, { code: problem.code, status, problem });
  return new HoldfastError(`the server answered ${status}`, { code: "unexpected_response", status });
}

function asProblem(body: unknown): Problem | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { code, title, detail } = body as Readonly<Record<string, unknown>>;
  const isProblem = typeof code === "string" && typeof title === "string" && typeof detail === "string";
  return isProblem ? (body as Problem) : undefined;
}
