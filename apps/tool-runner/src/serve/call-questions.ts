import { setTimeout as delay } from "node:timers/promises";
import type { Approvals, Entry, QuestionState, ToolJournal } from "@holdfast/bus";
import type { ToolCall, ToolQuestion } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import type { AskedForm, FormAnswer } from "../mcp/asked-form.ts";

/*
 * What the server of one call asks a human while it runs the call (protocol §2.7). It is told to the worker that owns the
 * run, which alone may ask; what came of it is read from the approval. The question is over with its call, when its time is
 * up, when this process stops, and where no worker takes it up: then the server hears `cancel`. What was filled in goes to
 * the server and is forgotten; it is never logged.
 */
const LOOK_EVERY_MS = 400;
/** What is open is told again, so that it is known again where a failover has lost it. */
const KEEP_EVERY_MS = 10_000;
/** Longer than it takes another worker to take over from one that died, or Redis to come back. */
const UNASKED_MS = 30_000;
/** A call that asks more than this asks nobody. */
const MOST_QUESTIONS = 32;
const MOST_AT_ONCE = 8;
const CANCEL: FormAnswer = { action: "cancel" };
const TIME_IS_UP: FormAnswer = { ...CANCEL };

export interface QuestionLimits {
  readonly approvals: Pick<Approvals, "answerOf" | "endOverdue" | "forgetContent">;
  /** How long a human may take. */
  readonly expiryMs: number;
  /** How long workers may take to ask. */
  readonly unaskedMs?: number;
  readonly lookEveryMs?: number;
  readonly keepEveryMs?: number;
}

export interface QuestionDeps {
  readonly journal: Pick<ToolJournal, "questions" | "questionId">;
  readonly questions: QuestionLimits;
  /** Aborts when no call may begin here any more. */
  readonly stopping: AbortSignal;
  readonly logger: Logger;
}

export class CallQuestions {
  readonly #id: string;
  readonly #toolset: string;
  readonly #call: ToolCall;
  readonly #deps: QuestionDeps;
  readonly #limits: Required<QuestionLimits>;
  readonly #open = new Map<string, ToolQuestion>();
  readonly #over: string[] = [];
  #asked = 0;
  /** The time of one was up: nobody is there, and the call is not held for each further one as long. */
  #isUnattended = false;
  #telling: Promise<unknown> = Promise.resolve();

  constructor({ id }: Pick<Entry, "id">, toolset: string, call: ToolCall, deps: QuestionDeps) {
    this.#id = id;
    this.#toolset = toolset;
    this.#call = call;
    this.#deps = deps;
    this.#limits = { unaskedMs: UNASKED_MS, lookEveryMs: LOOK_EVERY_MS, keepEveryMs: KEEP_EVERY_MS, ...deps.questions };
  }

  /** Never rejects. */
  readonly ask = async (form: AskedForm, signal: AbortSignal): Promise<FormAnswer> => {
    if (this.#isUnattended || this.#asked >= MOST_QUESTIONS || this.#open.size >= MOST_AT_ONCE) return CANCEL;
    const question = this.#question(form);
    const over = AbortSignal.any([signal, this.#deps.stopping]);
    try {
      this.#open.set(question.question_id, question);
      if (!(await this.#isTold(question, over))) return CANCEL;
      const answer = await this.#answerTo(question, over);
      this.#isUnattended ||= answer === TIME_IS_UP;
      return answer;
    } catch (error) {
      this.#deps.logger.warn("a question of an mcp server could not be asked", { toolset: this.#toolset, error });
      return CANCEL;
    } finally {
      this.#open.delete(question.question_id);
      this.#over.push(question.question_id);
      void this.#tellOver();
    }
  };

  /** Until then the worker takes its human for awaited, and no time of the run passes. When this process stops, calls end. */
  async #tellOver(): Promise<void> {
    const { stopping } = this.#deps;
    const isTold = () =>
      this.#tell().then(
        () => true,
        () => false,
      );
    while (!(await isTold()) && !stopping.aborted) {
      await delay(this.#limits.lookEveryMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
    }
  }

  #question({ message, requestedSchema: requested_schema }: AskedForm): ToolQuestion {
    const question_id = this.#deps.journal.questionId(this.#id, this.#asked);
    this.#asked += 1;
    return {
      event: "tool_question",
      id: this.#id,
      tool_call_id: this.#call.tool_call_id,
      question_id,
      toolset: this.#toolset,
      message,
      requested_schema,
      expires_at: new Date(Date.now() + this.#limits.expiryMs).toISOString(),
    };
  }

  /** Redis may be away for a while. A question that is told twice is asked once. */
  async #isTold(question: ToolQuestion, over: AbortSignal): Promise<boolean> {
    const untilMs = Date.now() + this.#limits.unaskedMs;
    while (!over.aborted) {
      try {
        return (await this.#tell(question)) === "told";
      } catch (error) {
        if (Date.now() >= untilMs) throw error;
      }
      await delay(this.#limits.lookEveryMs, undefined, { signal: over }).catch(() => undefined);
    }
    return false;
  }

  /** One after the other, each with what is open by then: an older list that arrives late would bring back what is over. */
  #tell(asked?: ToolQuestion): Promise<"told" | "ended"> {
    const { conversation_id } = this.#call;
    const told = this.#telling.then(() => {
      const all = { open: [...this.#open.values()], over: [...this.#over] };
      return this.#deps.journal.questions(conversation_id, this.#id, all, asked);
    });
    this.#telling = told.catch(() => undefined);
    return told;
  }

  async #answerTo(question: ToolQuestion, over: AbortSignal): Promise<FormAnswer> {
    const { question_id: id, expires_at } = question;
    const { approvals, unaskedMs, lookEveryMs } = this.#limits;
    const expiresMs = Date.parse(expires_at);
    const workersHaveUntil = () => Math.min(expiresMs, Date.now() + unaskedMs);
    let untilMs = workersHaveUntil();
    let isAsked = false;
    const keepTold = this.#keepTold();
    while (!over.aborted) {
      // Redis may be away for a while: the human is not.
      const state = await approvals.answerOf(this.#call.conversation_id, id).catch(() => undefined);
      const answer = this.#told(id, state);
      if (answer) return answer;
      const isLost = isAsked && state?.status === "missing";
      if (isLost && (await this.#isGone(question))) return CANCEL;
      if (state) isAsked = state.status === "requested";
      if (isAsked) untilMs = expiresMs;
      else if (!state || isLost) untilMs = workersHaveUntil();
      const last = await this.#lastAnswer(question, untilMs);
      if (last) return last;
      keepTold();
      await delay(lookEveryMs, undefined, { signal: over }).catch(() => undefined);
    }
    return CANCEL;
  }

  /** To be called at every look. */
  #keepTold(): () => void {
    let toldMs = Date.now();
    return () => {
      if (Date.now() < toldMs + this.#limits.keepEveryMs) return;
      toldMs = Date.now();
      this.#tell().catch(() => undefined);
    };
  }

  /** Its approval is: with its conversation, or only by a failover, and then it is asked again. */
  async #isGone(question: ToolQuestion): Promise<boolean> {
    return (await this.#tell(question).catch(() => undefined)) === "ended";
  }

  /**
   * Since it was last looked a human may have answered, who was told that it counts, or a worker may have asked at last.
   * Undefined: that, and its time is not up; or Redis is away, and nobody knows; or it is not `untilMs` yet.
   */
  async #lastAnswer({ question_id: id, expires_at }: ToolQuestion, untilMs: number): Promise<FormAnswer | undefined> {
    if (Date.now() < untilMs) return undefined;
    const { approvals, unaskedMs } = this.#limits;
    const lateMs = Date.now() - Date.parse(expires_at);
    const state = await approvals.endOverdue(this.#call.conversation_id, id).catch(() => undefined);
    const isOpen = state ? state.status === "requested" && lateMs < 0 : lateMs < unaskedMs;
    return this.#told(id, state) ?? (isOpen ? undefined : TIME_IS_UP);
  }

  /** What the server is told of it, which nobody else has to know from then on. */
  #told(id: string, state: QuestionState | undefined): FormAnswer | undefined {
    const answer = state && answerFrom(state);
    const { approvals } = this.#limits;
    if (answer?.action === "accept") approvals.forgetContent(this.#call.conversation_id, id).catch(() => undefined);
    return answer;
  }
}

/** Undefined: nobody has decided yet, or nobody was asked yet. */
function answerFrom(state: QuestionState): FormAnswer | undefined {
  switch (state.status) {
    case "approved":
      return { action: "accept", content: state.content };
    case "rejected":
      return { action: "decline" };
    case "expired":
      return TIME_IS_UP;
    default:
      return undefined;
  }
}
