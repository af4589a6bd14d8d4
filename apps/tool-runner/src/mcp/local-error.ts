/**
 * Answers that no server gave: a transport layer puts one in the place of a response that was lost, so that its request
 * ends at once instead of at its timeout. They travel as JSON-RPC errors with a code no server uses.
 */
export type LocalFault =
  /** The connection or the response stream broke after the request went out: nobody knows whether it ran. */
  | "connection_lost"
  /** The response was over the size cap and was skipped. */
  | "oversize"
  /** The response was no valid JSON-RPC response. */
  | "malformed";

const LOCAL_FAULT_CODE = -31_999;
/** By identity, which no server can write into a message. */
const ours = new WeakMap<object, LocalFault>();

export interface JsonRpcErrorMessage {
  readonly jsonrpc: "2.0";
  readonly id: string | number;
  readonly error: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly local_fault: LocalFault };
  };
}

export function localError(id: string | number, fault: LocalFault, message: string): JsonRpcErrorMessage {
  const data = { local_fault: fault };
  ours.set(data, fault);
  return { jsonrpc: "2.0", id, error: { code: LOCAL_FAULT_CODE, message, data } };
}

/** The fault behind a JSON-RPC error the SDK threw, or undefined when a server sent it. */
export function localFaultOf(data: unknown): LocalFault | undefined {
  return typeof data === "object" && data !== null ? ours.get(data) : undefined;
}

/** Thrown by a transport when not one complete message reached the server: the request may be sent again. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
}
