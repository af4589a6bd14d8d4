import type { RunStatus } from "@holdfast/protocol";
import { backoffMs, retryAfterMs, wait } from "./backoff.ts";
import { isOffline, onConnectivity } from "./connectivity.ts";
import type { Frame } from "./frame.ts";
import { errorOfResponse, type HoldfastError } from "./holdfast-error.ts";
import { readStream } from "./read-stream.ts";
import { hasEnded } from "./run-status.ts";

/**
 * Follows a conversation's event stream across broken connections (protocol §5).
 *
 * - After the first frame every request carries `Last-Event-ID`, so nothing is lost or repeated.
 * - A broken or silent connection is opened again after the server's `retry:` time, longer at each failure, with jitter;
 *   at once when the network returns. `Retry-After` is obeyed.
 * - It ends by itself only when there is nothing to follow: 204, the end of the wanted run, or a refusal that asking
 *   again will not change (such as 404 and 410).
 */
export type FollowStatus = "live" | "reconnecting" | "offline";

export type FollowEnd =
  | { readonly reason: "aborted" }
  /** The wanted run has ended and everything of it was handed over. */
  | { readonly reason: "complete" }
  | { readonly reason: "refused"; readonly error: HoldfastError };

export interface FollowOptions {
  /** The stream's address, as in `stream_url` of an accepted message. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** Start strictly after this entry id or event UUID; `$` for only what is new; null or absent for everything. */
  readonly cursor?: string | null;
  /** End after this run's terminal event. */
  readonly runId?: string;
  readonly signal?: AbortSignal;
  /** Called once for each frame, resets included. What it throws ends the following and rejects. */
  readonly onFrame: (frame: Frame) => void;
  readonly onStatus?: (status: FollowStatus) => void;
  /** A connection silent for longer is given up. Default 40 000: two heartbeats missed, and some. */
  readonly silenceMs?: number;
  /** Longest wait between tries. Default 5 000. */
  readonly maxBackoffMs?: number;
  readonly random?: () => number;
}

const DEFAULT_SILENCE_MS = 40_000;
const DEFAULT_MAX_BACKOFF_MS = 5_000;
const DEFAULT_RETRY_MS = 1_000;
/** So many failures in a row are more than a restart of the server: say so. */
const FAILURES_UNTIL_OFFLINE = 5;
const ENTRY_ID = /^\d+-\d+$/;

/** What one connection came to. */
type Outcome = FollowEnd | { readonly reason: "broken"; readonly retryAfterMs?: number | undefined };

export async function follow(options: FollowOptions): Promise<FollowEnd> {
  const signal = options.signal ?? new AbortController().signal;
  const reader = new Reader(options, signal);
  try {
    for (;;) {
      const outcome = await reader.connectOnce();
      if (outcome.reason !== "broken") return outcome;
      await reader.pause(outcome.retryAfterMs ?? 0);
    }
  } finally {
    reader.close();
  }
}

class Reader {
  readonly #options: FollowOptions;
  readonly #signal: AbortSignal;
  readonly #releaseOffline: () => void;
  #lastEventId: string | undefined;
  #failures = 0;
  #retryMs = DEFAULT_RETRY_MS;
  #hasRunEnded = false;
  #status: FollowStatus | undefined;
  #connection = new AbortController();

  constructor(options: FollowOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    if (options.cursor && ENTRY_ID.test(options.cursor)) this.#lastEventId = options.cursor;
    this.#releaseOffline = onConnectivity("offline", () => this.#connection.abort(new Error("the network is gone")));
  }

  close(): void {
    this.#releaseOffline();
  }

  async connectOnce(): Promise<Outcome> {
    if (this.#signal.aborted) return { reason: "aborted" };
    this.#connection = new AbortController();
    const abort = () => this.#connection.abort(this.#signal.reason);
    this.#signal.addEventListener("abort", abort);
    try {
      return await this.#request();
    } finally {
      this.#signal.removeEventListener("abort", abort);
      // Also ends a body that was not read to its end, as that of an error page.
      this.#connection.abort();
    }
  }

  async #request(): Promise<Outcome> {
    const outcome = await readStream({
      url: this.#url(),
      fetch: this.#options.fetch ?? fetch,
      headers: this.#lastEventId === undefined ? {} : { "last-event-id": this.#lastEventId },
      connection: this.#connection,
      silenceMs: this.#options.silenceMs ?? DEFAULT_SILENCE_MS,
      onOpen: () => this.#setStatus("live"),
      onAlive: () => {
        this.#failures = 0;
      },
      onRetry: (ms) => {
        this.#retryMs = ms;
      },
      onMessageId: (id) => {
        this.#lastEventId = id;
      },
      onFrame: (frame) => this.#deliver(frame),
    });
    if (this.#signal.aborted) return { reason: "aborted" };
    if (outcome === "broken") return this.#hasRunEnded ? { reason: "complete" } : { reason: "broken" };
    return this.#judge(outcome);
  }

  async #judge(response: Response): Promise<Outcome> {
    if (response.status === 204) return { reason: "complete" };
    if (isWorthRetrying(response.status)) {
      return { reason: "broken", retryAfterMs: retryAfterMs(response.headers, Date.now()) };
    }
    return { reason: "refused", error: await errorOfResponse(response) };
  }

  #deliver(frame: Frame): void {
    const { event, run_id, status } = frame.event as { event: string; run_id?: unknown; status?: unknown };
    const isWanted = event === "run" && run_id !== undefined && run_id === this.#options.runId;
    if (isWanted && hasEnded(status as RunStatus)) this.#hasRunEnded = true;
    this.#options.onFrame(frame);
  }

  /** Waits before the next try; the network's return or an abort cut it short. */
  async pause(atLeastMs: number): Promise<void> {
    this.#failures += 1;
    this.#setStatus(isOffline() || this.#failures >= FAILURES_UNTIL_OFFLINE ? "offline" : "reconnecting");
    const wake = new AbortController();
    const release = onConnectivity("online", () => wake.abort());
    const limits = { baseMs: this.#retryMs, maxMs: this.#options.maxBackoffMs ?? DEFAULT_MAX_BACKOFF_MS };
    const backoff = backoffMs(this.#failures - 1, limits, this.#options.random ?? Math.random);
    await wait(Math.max(atLeastMs, backoff), this.#signal, wake.signal);
    release();
  }

  #setStatus(status: FollowStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#options.onStatus?.(status);
  }

  /** A cursor that is no entry id goes as `after`; so does the first one's, until a frame has given an id. */
  #url(): string {
    const { url, cursor, runId } = this.#options;
    const query = new URLSearchParams();
    if (cursor && this.#lastEventId === undefined) query.set("after", cursor);
    if (runId !== undefined) query.set("run_id", runId);
    if (query.size === 0) return url;
    return `${url}${url.includes("?") ? "&" : "?"}${query.toString()}`;
  }
}

function isWorthRetrying(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}
