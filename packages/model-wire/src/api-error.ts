/** An answer other than 200, as OpenAI words it. */
export interface ApiError {
  status: number;
  message: string;
  /** Default by status, for example "rate_limit_exceeded" for 429. */
  type?: string;
  code?: string | null;
  /** The offending field of the request, for example "messages[1].role". */
  param?: string | null;
  /** For example { "retry-after": "2" }. */
  headers?: Record<string, string>;
}

const TYPES: Record<number, string> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
};

export function errorBody({ status, message, type, code, param }: ApiError): object {
  const byStatus = TYPES[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
  return { error: { message, type: type ?? byStatus, param: param ?? null, code: code ?? null } };
}
