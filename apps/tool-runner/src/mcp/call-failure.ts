import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError, UnauthorizedError } from "@modelcontextprotocol/client";
import { isUnreachable } from "./connect-http.ts";
import type { Connection } from "./connection.ts";
import { messageOf } from "./error-text.ts";
import { UnmetInput } from "./exchange.ts";
import { localFaultOf, NotSentError, type LocalFault } from "./local-error.ts";

/**
 * What an error of the SDK says about a call:
 * - `not_sent`: the server cannot have executed it; it may be sent again;
 * - `answered`: the server refused it or answered nonsense: it failed;
 * - `unknown`: it went out and no answer came: nobody knows.
 * In doubt it is `unknown`.
 */
export type CallFailure =
  | { readonly kind: "not_sent"; readonly message: string; readonly isSessionGone: boolean }
  | { readonly kind: "answered"; readonly code: string; readonly message: string }
  | { readonly kind: "unknown"; readonly message: string; readonly isSessionGone: boolean };

/** `isBegun`: the server wanted to know something for the call already, whatever became of the next message. */
export async function classifyFailure(error: unknown, connection: Connection, isBegun: boolean): Promise<CallFailure> {
  const found = classify(error, connection);
  const failure: CallFailure = isBegun && found.kind === "not_sent" ? { ...found, kind: "unknown" } : found;
  if (failure.kind !== "unknown" || connection.isOpen()) return failure;
  return { ...failure, message: await connection.ended };
}

function classify(error: unknown, connection: Connection): CallFailure {
  const message = messageOf(error);
  if (error instanceof ProtocolError) return rpcFailure(error.code, error.data, message);
  if (error instanceof UnmetInput) return { kind: "answered", code: "invalid_response", message };
  if (error instanceof NotSentError) return { kind: "not_sent", message, isSessionGone: true };
  if (error instanceof UnauthorizedError) return { kind: "answered", code: "auth_required", message };
  if (error instanceof SdkHttpError) return httpFailure(error, connection);
  if (error instanceof SdkError) return sdkFailure(error);
  // The SDK's own words where its transport was gone before it could send.
  if (message === "Not connected") return { kind: "not_sent", message, isSessionGone: true };
  if (isUnreachable(error)) return { kind: "not_sent", message, isSessionGone: true };
  return { kind: "unknown", message: `the connection broke (${message})`, isSessionGone: true };
}

const FAULTS: Record<LocalFault, CallFailure> = {
  connection_lost: { kind: "unknown", message: "the response stream ended without a response", isSessionGone: true },
  oversize: {
    kind: "answered",
    code: "result_too_large",
    message: "The tool ran, but its result is too large to be read.",
  },
  malformed: { kind: "answered", code: "invalid_response", message: "The server's answer is not valid." },
};

function rpcFailure(code: number, data: unknown, message: string): CallFailure {
  const fault = localFaultOf(data);
  if (fault !== undefined) return FAULTS[fault];
  return { kind: "answered", code: "rpc_error", message: `${message} (JSON-RPC ${code})` };
}

function sdkFailure({ code, message }: SdkError): CallFailure {
  switch (code) {
    case SdkErrorCode.NotConnected:
      return { kind: "not_sent", message, isSessionGone: true };
    case SdkErrorCode.InvalidResult:
    case SdkErrorCode.UnsupportedResultType:
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return { kind: "answered", code: "invalid_response", message };
    default:
      return { kind: "unknown", message: "the connection closed", isSessionGone: true };
  }
}

/** A session the server no longer knows is refused before anything runs; a gateway's 5xx says nothing about what ran behind it. */
function httpFailure(error: SdkHttpError, { client }: Connection): CallFailure {
  const { status } = error;
  const hasSession = client.transport?.sessionId !== undefined;
  if ((status === 404 || status === 400) && hasSession) {
    return { kind: "not_sent", message: "the server forgot the session", isSessionGone: true };
  }
  if (status >= 500) return { kind: "unknown", message: `the server answered HTTP ${status}`, isSessionGone: false };
  const code = status === 401 || status === 403 ? "auth_required" : "http_error";
  return { kind: "answered", code, message: `The server answered HTTP ${status}.` };
}
