import { TRACEPARENT_META_KEY, TRACESTATE_META_KEY, type Progress, type Tool } from "@modelcontextprotocol/client";
import { abortable } from "./abortable.ts";
import { type Ask, type FormAnswer, readForm } from "./asked-form.ts";
import { CallClock } from "./call-clock.ts";
import { classifyFailure, type CallFailure } from "./call-failure.ts";
import type { CatalogEntry, McpTool } from "./catalog.ts";
import type { Connection } from "./connection.ts";
import { messageOf } from "./error-text.ts";
import { exchange } from "./exchange.ts";
import { recordOf } from "./record.ts";
import { answeredOutcome, endedOutcome, type ToolOutcome, type UntimedOutcome } from "./result.ts";
import { ServerUnavailable, type Supervisor } from "./supervisor.ts";

/**
 * One tool call, from its arguments to its outcome. It is at-most-once: what provably was not sent is sent again, up to
 * three times; what went out and was not answered ends `unknown`, and is repeated only where a trusted server says that
 * repeating does no harm. A call ends at its deadline, after the server's tool timeout without progress, or when it is
 * cancelled; the server is told by `notifications/cancelled` and the slot is free at once.
 */
export interface CallRequest {
  /** The tool's own name in its server. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Milliseconds for everything, waiting for the server included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Awaited once, before the first byte goes out; its rejection is the call's, and then nothing was sent. */
  readonly onBeforeSend?: () => Promise<void>;
  /** Asked before every send, with the tool that would be called. Where it answers a reason, the call is `denied`. */
  readonly authorize?: (tool: McpTool) => Promise<{ readonly code: string; readonly message: string } | undefined>;
  readonly onProgress?: (progress: Progress) => void;
  /** Asks a human what the server wants to know; meanwhile no time of the call passes. Without it the server hears `cancel`. */
  readonly ask?: Ask;
}

/** A failure after which the call may be made again. */
type OpenFailure = Exclude<CallFailure, { kind: "answered" }>;

/** `isUnsent`: nothing went out in this turn. */
interface EndedTurn {
  readonly outcome: UntimedOutcome;
  readonly isUnsent: boolean;
}

type Turn = EndedTurn | { readonly outcome?: undefined; readonly failure: OpenFailure; readonly entry: CatalogEntry };

const MAX_SENDS = 3;
/** The SDK's own timers are left out of it: ours know about progress and the deadline both. */
const NO_SDK_TIMEOUT_MS = 2 ** 31 - 1;

export async function callTool(supervisor: Supervisor, request: CallRequest): Promise<ToolOutcome> {
  const startedAt = performance.now();
  const clock = new CallClock(request.timeoutMs, request.signal);
  try {
    const outcome = await new Call(supervisor, request, clock).run();
    return { ...outcome, duration_ms: Math.round(performance.now() - startedAt) };
  } finally {
    clock.dispose();
  }
}

class Call {
  readonly #supervisor: Supervisor;
  readonly #request: CallRequest;
  readonly #clock: CallClock;
  #isAnnounced = false;
  #hasBeenSent = false;
  #sentAt = 0;

  constructor(supervisor: Supervisor, request: CallRequest, clock: CallClock) {
    this.#supervisor = supervisor;
    this.#request = request;
    this.#clock = clock;
  }

  async run(): Promise<UntimedOutcome> {
    let lost: OpenFailure | undefined;
    let failure: OpenFailure | undefined;
    for (let sends = 0; sends < MAX_SENDS; sends += 1) {
      const turn = await this.#takeTurn();
      if (turn.outcome !== undefined) {
        // An earlier send may have taken effect, so that this turn never came to one is not the answer.
        const isAnswer = lost === undefined || !turn.isUnsent || turn.outcome.status === "cancelled";
        return isAnswer ? turn.outcome : givenUp(lost);
      }
      failure = turn.failure;
      if (failure.kind !== "unknown") continue;
      if (lost !== undefined || !isRepeatable(turn.entry)) return givenUp(failure);
      lost = failure;
    }
    return givenUp(lost ?? failure);
  }

  /** Waits for the server and a free slot, then sends once. */
  async #takeTurn(): Promise<Turn> {
    const session = await this.#waitForSession();
    if ("outcome" in session) return session;
    const { connection, entry } = session;
    const release = await this.#supervisor.slots.acquire(this.#clock.signal);
    if (release === undefined) return this.#unsent(this.#unavailable("too many calls are waiting for it"));
    try {
      await this.#announce();
      if (this.#clock.cause !== undefined) return this.#unsent(this.#timeIsUp());
      const refused = await this.#request.authorize?.(entry.tool);
      if (refused !== undefined) return this.#unsent(endedOutcome("denied", refused.code, refused.message));
      return await this.#exchange(connection, entry);
    } finally {
      release();
    }
  }

  async #waitForSession(): Promise<{ connection: Connection; entry: CatalogEntry } | EndedTurn> {
    const { name } = this.#request;
    const known = this.#supervisor.catalog.get(name);
    // Wrong arguments need no server; whether a tool exists is known only once its server was started.
    const early = known && this.#invalidArguments(known);
    if (early !== undefined) return this.#unsent(early);
    try {
      const connection = await this.#supervisor.session(this.#clock.signal);
      const entry = this.#supervisor.catalog.get(name);
      if (entry === undefined) {
        return this.#unsent(endedOutcome("failed", "unknown_tool", `The server offers no tool "${name}".`));
      }
      const late = entry === known ? undefined : this.#invalidArguments(entry);
      return late === undefined ? { connection, entry } : this.#unsent(late);
    } catch (error) {
      if (this.#clock.cause === undefined && !(error instanceof ServerUnavailable)) throw error;
      return this.#unsent(this.#unavailable(messageOf(error)));
    }
  }

  async #announce(): Promise<void> {
    if (this.#isAnnounced) return;
    await this.#request.onBeforeSend?.();
    this.#isAnnounced = true;
  }

  async #exchange(connection: Connection, entry: CatalogEntry): Promise<Turn> {
    const { name, arguments: args, onProgress } = this.#request;
    const { toolTimeoutMs, mayAsk } = this.#supervisor.server;
    this.#clock.expectLifeWithin(toolTimeoutMs);
    this.#hasBeenSent = true;
    this.#sentAt = performance.now();
    const over = new AbortController();
    let isBegun = false;
    let isAnswered = true;
    const begun = () => {
      isBegun = true;
    };
    const ask = (params: unknown, signal: AbortSignal) => {
      begun();
      return this.#ask(params, AbortSignal.any([signal, over.signal, connection.calls.over]));
    };
    const place = connection.calls.begin(ask);
    try {
      const result = await exchange(
        connection.client,
        { name, arguments: { ...args }, _meta: { ...this.#meta(), ...place.mark } },
        {
          signal: this.#clock.signal,
          timeout: NO_SDK_TIMEOUT_MS,
          // Given so that the SDK asks for progress, and without its output schema: that is judged by `answeredOutcome`.
          onprogress: (progress) => {
            this.#clock.expectLifeWithin(toolTimeoutMs);
            onProgress?.(progress);
          },
          toolDefinition: { name, inputSchema: entry.tool.input_schema as Tool["inputSchema"] },
        },
        mayAsk ? ask : undefined,
        begun,
      );
      this.#supervisor.recordSuccess(performance.now() - this.#sentAt);
      return { outcome: answeredOutcome(result, entry.validateStructured), isUnsent: false };
    } catch (error) {
      const failure = await classifyFailure(error, connection, isBegun);
      isAnswered = failure.kind !== "unknown";
      return this.#failed(failure, connection, entry);
    } finally {
      place.leave(isAnswered);
      over.abort();
      this.#clock.expectNothing();
    }
  }

  /** Only forms: an address to open is one that nobody here has looked at. */
  async #ask(params: unknown, signal: AbortSignal): Promise<FormAnswer> {
    if (recordOf(params)["mode"] === "url") return { action: "decline" };
    const form = readForm(params);
    const { ask } = this.#request;
    if (form === undefined || ask === undefined || signal.aborted) return { action: "cancel" };
    const over = AbortSignal.any([signal, this.#clock.signal]);
    const goOn = this.#clock.hold();
    const answered = this.#supervisor.entrance.beginAsking();
    try {
      return await abortable(ask(form, over), over);
    } catch (error) {
      if (over.aborted) return { action: "cancel" };
      throw error;
    } finally {
      answered();
      goOn();
    }
  }

  #failed(failure: CallFailure, connection: Connection, entry: CatalogEntry): Turn {
    if (this.#clock.cause !== undefined) return { outcome: this.#timeIsUp(), isUnsent: false };
    if (failure.kind === "answered") {
      this.#supervisor.recordSuccess(performance.now() - this.#sentAt);
      return { outcome: endedOutcome("failed", failure.code, failure.message), isUnsent: false };
    }
    if (failure.isSessionGone) this.#supervisor.dropSession(connection, failure.message);
    return { failure, entry };
  }

  #meta(): Record<string, unknown> {
    const { traceparent, tracestate } = this.#request;
    if (traceparent === undefined) return {};
    return {
      [TRACEPARENT_META_KEY]: traceparent,
      ...(tracestate !== undefined && { [TRACESTATE_META_KEY]: tracestate }),
    };
  }

  #invalidArguments(entry: CatalogEntry): UntimedOutcome | undefined {
    const problems = entry.validateArguments(this.#request.arguments);
    if (problems.length === 0) return undefined;
    return endedOutcome("failed", "invalid_arguments", `The arguments do not fit the tool: ${problems.join("; ")}.`);
  }

  /** Why nothing went out in this turn: this, or that the time was up. */
  #unsent(outcome: UntimedOutcome): EndedTurn {
    return { outcome: this.#clock.cause === undefined ? outcome : this.#timeIsUp(), isUnsent: true };
  }

  #unavailable(reason: string): UntimedOutcome {
    return endedOutcome(
      "failed",
      "server_unavailable",
      `The server "${this.#supervisor.server.toolset}" is not available: ${reason}.`,
    );
  }

  #timeIsUp(): UntimedOutcome {
    if (this.#clock.cause === "cancelled") return endedOutcome("cancelled", "cancelled", "The call was cancelled.");
    const waited = this.#clock.cause === "deadline" ? this.#request.timeoutMs : this.#supervisor.server.toolTimeoutMs;
    if (!this.#hasBeenSent) return this.#supervisor.entrance.notSentIn(waited);
    const effect = "It was cancelled, but may have taken effect.";
    return endedOutcome("failed", "timeout", `The tool did not answer within ${waited} ms. ${effect}`);
  }
}

function givenUp(failure: OpenFailure | undefined): UntimedOutcome {
  const reason = failure?.message ?? "no reason is known";
  if (failure?.kind === "unknown") {
    const message = `The call was sent, but no answer came: ${reason}. It may or may not have taken effect.`;
    return endedOutcome("unknown", "outcome_unknown", message);
  }
  return endedOutcome("failed", "server_unavailable", `The call could not be sent: ${reason}.`);
}

function isRepeatable({ tool }: CatalogEntry): boolean {
  return tool.read_only === true || tool.idempotent === true;
}
