import type { Logger } from "@holdfast/telemetry";
import type { FormAnswer } from "./asked-form.ts";
import type { Layer, WireMessage } from "./layered-transport.ts";
import { recordOf } from "./record.ts";

/** Asks the human behind one call. `params` are the server's, unread. */
export type AskForCall = (params: unknown, signal: AbortSignal) => Promise<FormAnswer>;

/** A call's place among those in flight. */
export interface Place {
  /** Belongs into the `_meta` of each of its requests, and is taken out again before it is sent. */
  readonly mark: Readonly<Record<string, number>>;
  /** The call has ended. `isAnswered`: the server does nothing more for it. */
  leave(isAnswered: boolean): void;
}

const QUESTION_EXPIRY_MS = 10 * 60 * 1_000;
const MARK = "holdfast/call";
/** Questions that may wait for the SDK to hand them over, which is done in the same turn of the event loop. */
const MOST_UNREAD = 64;

/** A question that the SDK has not handed over yet. */
interface Unread {
  readonly call: number;
  readonly ask: AskForCall;
  /** As they came: the SDK drops what it does not know. */
  readonly params: unknown;
}

/** A request of a call that its server has not answered. */
interface Unanswered {
  readonly call: number;
  /** Absent while its call waits for it. */
  givenUpAtMs?: number;
}

/**
 * The calls that a session works on, so that a question of its server reaches the human behind the right one. In the era of
 * `initialize` nothing in a question says which call it belongs to. Where one is in flight, it is that one; where none or
 * several are, nobody is asked: a form in the wrong conversation would hand one person's answer to another's call.
 *
 * A call that was given up on (late or cancelled) is in flight for as long as its server may still ask for it. That doubt
 * ends with the first of these:
 *
 * - it is answered after all: this reads along on the wire, next to the transport, and decides when a question comes in;
 * - the session ends, and the server is started again;
 * - as much time has passed since it was given up as a question lives. MCP wants a server to be silent about a cancelled
 *   request, so for most no answer ever comes; and any question that was asked for it by then would have expired.
 */
export class CallsInFlight implements Layer {
  readonly #calls = new Map<number, AskForCall>();
  /** By the request's number. */
  readonly #unanswered = new Map<unknown, Unanswered>();
  /**
   * By the question's id. What the SDK refuses is never handed over: it goes with the refusal, or with its call, and the
   * oldest goes where there are too many. So a server that asks nonsense keeps nothing here.
   */
  readonly #unread = new Map<unknown, Unread>();
  readonly #logger: Logger;
  readonly #doubtMs: number;
  readonly #now: () => number;
  readonly #session = new AbortController();
  #last = 0;

  /** `doubtMs`: how long a question lives. `now` counts milliseconds from anywhere. */
  constructor(logger: Logger, doubtMs = QUESTION_EXPIRY_MS, now: () => number = () => performance.now()) {
    this.#logger = logger;
    this.#doubtMs = doubtMs;
    this.#now = now;
  }

  /** Aborts with the session: whoever answers then finds nobody who wants to know. */
  get over(): AbortSignal {
    return this.#session.signal;
  }

  end(): void {
    this.#session.abort();
  }

  begin(ask: AskForCall): Place {
    this.#last += 1;
    const call = this.#last;
    this.#calls.set(call, ask);
    const leave = (isAnswered: boolean) => {
      this.#calls.delete(call);
      for (const [id, question] of this.#unread) if (question.call === call) this.#unread.delete(id);
      this.#forgetPastDoubt();
      for (const [id, request] of this.#unanswered) {
        if (request.call !== call) continue;
        if (isAnswered) this.#unanswered.delete(id);
        else request.givenUpAtMs = this.#now();
      }
    };
    return { mark: { [MARK]: call }, leave };
  }

  outgoing(message: WireMessage): WireMessage {
    if (message["method"] === undefined) this.#unread.delete(message["id"]);
    const params = recordOf(message["params"]);
    const { [MARK]: call, ...meta } = recordOf(params["_meta"]);
    if (typeof call !== "number") return message;
    this.#unanswered.set(message["id"], { call });
    return { ...message, params: { ...params, _meta: meta } };
  }

  incoming(message: WireMessage): WireMessage {
    const { id, method, params } = message;
    if (method === undefined) this.#unanswered.delete(id);
    if (method === "elicitation/create") this.#heard(id, params);
    return message;
  }

  /** `id` is the question's. */
  async ask(id: unknown, signal: AbortSignal): Promise<FormAnswer> {
    const question = this.#unread.get(id);
    this.#unread.delete(id);
    if (question !== undefined) return question.ask(question.params, signal);
    const unanswered = this.#unanswered.size;
    this.#logger.info("a question of an mcp server belongs to no one call", { calls: this.#calls.size, unanswered });
    return { action: "cancel" };
  }

  /** For the one call that it can belong to; an earlier one of this id is meant no more. */
  #heard(id: unknown, params: unknown): void {
    this.#unread.delete(id);
    // No request has another id: it is dropped on its way, and no refusal would come.
    if (typeof id !== "string" && typeof id !== "number") return;
    const only = this.#onlyCall();
    if (only === undefined) return;
    this.#unread.set(id, { ...only, params });
    const [oldest] = this.#unread.keys();
    if (this.#unread.size > MOST_UNREAD) this.#unread.delete(oldest);
  }

  #onlyCall(): Omit<Unread, "params"> | undefined {
    this.#forgetPastDoubt();
    const [only, ...others] = this.#calls;
    const working = new Set([...this.#unanswered.values()].map(({ call }) => call));
    if (only === undefined || others.length > 0) return undefined;
    const [call, ask] = only;
    return working.size === 1 && working.has(call) ? { call, ask } : undefined;
  }

  #forgetPastDoubt(): void {
    const lastMs = this.#now() - this.#doubtMs;
    for (const [id, { givenUpAtMs }] of this.#unanswered) {
      if (givenUpAtMs !== undefined && givenUpAtMs <= lastMs) this.#unanswered.delete(id);
    }
  }
}
