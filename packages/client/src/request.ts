import { backoffMs, retryAfterMs, wait } from "./backoff.ts";
import { errorOfResponse, type HoldfastError, networkError } from "./holdfast-error.ts";

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Try again where no answer came or the service is away (503). Only for requests that may arrive twice. */
  readonly isRepeatable?: boolean;
}

export interface Transport {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** How long a repeatable request is tried, in milliseconds. */
  readonly patienceMs: number;
}

const BACKOFF = { baseMs: 300, maxMs: 5_000 };

type Answer =
  | { readonly body: unknown }
  | { readonly error: HoldfastError; readonly retryAfterMs?: number | undefined };

/**
 * Sends one request and returns its JSON (undefined for 204).
 * Errors: HoldfastError where the answer is not a success or none came; the signal's reason where it was aborted.
 */
export async function requestJson(transport: Transport, path: string, options: RequestOptions = {}): Promise<unknown> {
  const deadline = Date.now() + transport.patienceMs;
  for (let failures = 0; ; failures += 1) {
    const answer = await sendOnce(transport, path, options);
    if ("body" in answer) return answer.body;

    const delayMs = Math.max(answer.retryAfterMs ?? 0, backoffMs(failures, BACKOFF, Math.random));
    const isTransient = answer.error.status === 0 || answer.error.status === 503;
    if (!options.isRepeatable || !isTransient || Date.now() + delayMs > deadline) throw answer.error;
    await wait(delayMs, ...(options.signal ? [options.signal] : []));
    options.signal?.throwIfAborted();
  }
}

async function sendOnce(transport: Transport, path: string, options: RequestOptions): Promise<Answer> {
  const hasBody = options.body !== undefined;
  const init: RequestInit = {
    method: options.method ?? "GET",
    headers: { accept: "application/json", ...(hasBody ? { "content-type": "application/json" } : {}) },
    ...(hasBody ? { body: JSON.stringify(options.body) } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  };
  try {
    const response = await transport.fetch(`${transport.baseUrl}${path}${queryOf(options.query)}`, init);
    if (response.ok) return { body: response.status === 204 ? undefined : await response.json() };
    return { error: await errorOfResponse(response), retryAfterMs: retryAfterMs(response.headers, Date.now()) };
  } catch (cause) {
    options.signal?.throwIfAborted();
    return { error: networkError(cause) };
  }
}

function queryOf(query: RequestOptions["query"] = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? "" : `?${given.toString()}`;
}
