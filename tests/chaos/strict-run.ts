import { createHash } from "node:crypto";
import type { StrictEvent } from "./strict-event.ts";
import { StrictQuestions } from "./strict-questions.ts";

/** Whether the text is a prefix of one thing that the model said in this step of the answer to this message. */
export type IsSamplePrefix = (messageId: string, step: number, text: string) => boolean;

interface Step {
  text: string;
  reasoning: string;
  isClosed: boolean;
}

interface ToolCall {
  readonly name: string;
  /** JSON */
  readonly args: string;
  readonly statuses: string[];
  /** JSON of the error it ended with, for whoever has to find out why. */
  error?: string;
}

const TERMINAL = new Set(["completed", "incomplete", "failed", "cancelled"]);
const CALL_ENDS = new Set(["completed", "failed", "denied", "cancelled", "unknown"]);

/**
 * One run as a reader sees it (protocol §3.2–§3.4), without forgiveness: what the reader rule tells readers to ignore is
 * here a violation as well, because no service may produce it.
 *
 * - Attempts only rise. A higher one is announced by `attempt` before anything else carries it; a lower one is a zombie.
 * - A token begins exactly where the shown text of its step ends; after every change the shown text is a prefix of one sample.
 * - Shown text is cut only by `attempt`. `step` and `output` say exactly what is shown.
 * - A finished step is never begun again, and nothing of the next one comes while a tool call is open.
 * - Humans are asked as StrictQuestions says.
 * - `output` comes once, directly before the terminal event; nothing of the run comes after that.
 * - Only in a log that may be compacted (§3.5) does `step` or `output` add what is missing at the end of a step's text.
 */
export class StrictRun {
  readonly id: string;
  readonly messageId: string;
  readonly steps: Step[] = [];
  /** Status events of each tool call, live output left out. */
  readonly calls = new Map<string, ToolCall>();
  readonly #questions: StrictQuestions;
  status = "";
  attempt = 0;
  /** Attempts that took the run from another owner. */
  takeovers = 0;
  output: string | undefined;
  #announced = 0;
  readonly #isSamplePrefix: IsSamplePrefix;
  readonly #mayBeCompacted: boolean;
  readonly #complain: (problem: string) => void;

  constructor(
    id: string,
    messageId: string,
    isSamplePrefix: IsSamplePrefix,
    complain: (run: StrictRun, problem: string) => void,
    mayBeCompacted = false,
  ) {
    this.id = id;
    this.messageId = messageId;
    this.#isSamplePrefix = isSamplePrefix;
    this.#mayBeCompacted = mayBeCompacted;
    this.#complain = (problem) => complain(this, problem);
    this.#questions = new StrictQuestions(this.#complain);
  }

  get hasEnded(): boolean {
    return TERMINAL.has(this.status);
  }

  /** Ids of the approvals that nobody has decided. */
  get questions(): string[] {
    return this.#questions.open;
  }

  /** What its calls wanted to know while they ran. */
  get asked(): { readonly id: string; readonly status: string }[] {
    return this.#questions.ofRunning;
  }

  /** Of the last step. */
  get shown(): string {
    return this.steps.at(-1)?.text ?? "";
  }

  /** Answers whether a reader saw the answer go on: a token, or the end. */
  apply(event: StrictEvent): boolean {
    if (this.hasEnded) this.#complain(`${event.kind} after the terminal event`);
    if (this.output !== undefined && event.kind !== "run") this.#complain(`${event.kind} after output`);
    const attempt = event.count("attempt");
    if (attempt < this.attempt) return this.#no(`${event.kind} of attempt ${attempt} after attempt ${this.attempt}`);
    this.attempt = attempt;
    switch (event.kind) {
      case "run":
        return this.#changeStatus(event);
      case "attempt":
        return this.#beginAttempt(event);
      case "token":
        return this.#addToken(event);
      case "step":
        return this.#closeStep(event);
      case "tool_step":
        return this.#follow(event);
      case "approval":
        return this.#decide(event);
      case "output":
        return this.#end(event);
      default:
        return false;
    }
  }

  #changeStatus(event: StrictEvent): boolean {
    const status = event.text("status");
    const isNew = this.status === "";
    if (isNew !== (status === "queued")) this.#complain(isNew ? `${status} before queued` : "queued twice");
    if (status === this.status) this.#complain(`${status} twice`);
    const isSteered = event.has("reason") && event.text("reason") === "steered";
    if (status === "completed" && this.status === "queued" && !isSteered)
      this.#complain("completed without having begun");
    this.#questions.mayBecome(status);
    if (TERMINAL.has(status)) this.#mayEnd(status);
    this.status = status;
    return this.hasEnded;
  }

  #mayEnd(status: string): void {
    if (this.#openCall !== undefined) this.#complain(`${status} while tool call ${this.#openCall} is open`);
    const showedText = this.steps.some(({ text }) => text !== "");
    if (showedText && this.output === undefined) this.#complain(`${status} without output`);
  }

  #beginAttempt(event: StrictEvent): boolean {
    const mode = event.text("mode");
    if (this.attempt === this.#announced) this.#complain(`attempt ${this.attempt} announced twice`);
    if (mode === "start" && this.#announced > 0) this.#complain("started twice");
    this.#announced = this.attempt;
    const isTakeover = !["model_retry", "approval"].includes(event.text("cause"));
    if (mode !== "start" && isTakeover) this.takeovers += 1;
    const at = event.count("step");
    if (at !== this.#openStep)
      return this.#no(`attempt for step ${at}, while step ${this.#openStep} is the unfinished`);
    const step = this.steps[at];
    if (!step) return false;
    const keep = event.count("keep_offset");
    if (keep > step.text.length && !this.#mayBeCompacted)
      this.#complain(`keep_offset ${keep} beyond the ${step.text.length} shown`);
    step.text = step.text.slice(0, keep);
    step.reasoning = "";
    return false;
  }

  #addToken(event: StrictEvent): boolean {
    this.#mustBeAnnounced(event);
    const at = event.count("step");
    if (at !== this.#openStep) return this.#no(`token for step ${at}, while step ${this.#openStep} is the unfinished`);
    if (this.#openCall !== undefined) this.#complain(`token of step ${at} while tool call ${this.#openCall} is open`);
    event.count("index");
    const step = (this.steps[at] ??= { text: "", reasoning: "", isClosed: false });
    const channel = event.has("channel") && event.text("channel") === "reasoning" ? "reasoning" : "text";
    const offset = event.count("offset");
    const { length } = step[channel];
    if (offset !== length) return this.#no(`token at offset ${offset} of step ${at} where ${length} are shown`);
    step[channel] += event.text("text");
    if (channel === "text" && !this.#isSamplePrefix(this.messageId, at, step.text))
      this.#complain(`step ${at} shows what no sample begins with: …${step.text.slice(-60)}`);
    return true;
  }

  #closeStep(event: StrictEvent): boolean {
    this.#mustBeAnnounced(event);
    const at = event.count("step");
    if (at !== this.#openStep) return this.#no(`step ${at} finished, while step ${this.#openStep} is the unfinished`);
    const step = (this.steps[at] ??= { text: "", reasoning: "", isClosed: false });
    const text = event.text("text");
    if (this.#mayBeCompacted && text.startsWith(step.text)) step.text = text;
    if (text !== step.text)
      this.#complain(`step ${at} shows ${step.text.length} characters, its end has ${text.length}`);
    if (event.text("text_sha256") !== sha256(text)) this.#complain(`text_sha256 of step ${at} is not its text's`);
    step.isClosed = true;
    return false;
  }

  #decide(event: StrictEvent): boolean {
    this.#questions.read(event, this.calls.get(event.text("tool_call_id"))?.statuses.at(-1));
    return false;
  }

  #follow(event: StrictEvent): boolean {
    this.#mustBeAnnounced(event);
    const id = event.text("tool_call_id");
    const status = event.text("status");
    if (!this.steps[event.count("step")]?.isClosed) this.#complain(`tool call ${id} of a step that is not finished`);
    const call: ToolCall = this.calls.get(id) ?? { name: event.text("name"), args: event.json("args"), statuses: [] };
    this.calls.set(id, call);
    const before = call.statuses.at(-1) ?? "";
    if (status === "started") this.#questions.mayBegin(id, before);
    if (CALL_ENDS.has(before)) this.#complain(`tool call ${id} is ${status} after ${before}`);
    if (status === "output") {
      if (before !== "started") this.#complain(`output of tool call ${id}, which is not started`);
      return false;
    }
    if (call.statuses.includes(status)) this.#complain(`tool call ${id} is ${status} twice`);
    if (CALL_ENDS.has(status)) this.#questions.mayEnd(id);
    call.statuses.push(status);
    if (event.has("error")) call.error = event.json("error");
    return false;
  }

  #end(event: StrictEvent): boolean {
    this.#mustBeAnnounced(event);
    const text = event.text("text");
    if (this.#mayBeCompacted) this.#addMissing(event.count("step"), text);
    if (text !== this.shown) {
      const where = `${this.shown.length} characters …${this.shown.slice(-30)}`;
      this.#complain(`shows ${where}, output has ${text.length} …${text.slice(-30)}`);
    }
    if (event.count("text_length") !== text.length) this.#complain("text_length is not the text's");
    if (event.text("text_sha256") !== sha256(text)) this.#complain("text_sha256 of output is not its text's");
    if (event.has("step") && event.count("step") !== this.steps.length - 1) this.#complain("output names another step");
    if (event.text("message_id") !== this.messageId) this.#complain("output of another message");
    this.output = text;
    return true;
  }

  #addMissing(at: number, text: string): void {
    const step = (this.steps[at] ??= { text: "", reasoning: "", isClosed: false });
    if (text.startsWith(step.text)) step.text = text;
  }

  get #openCall(): string | undefined {
    return [...this.calls].find(([, { statuses }]) => !CALL_ENDS.has(statuses.at(-1) ?? ""))?.[0];
  }

  get #openStep(): number {
    return this.steps.filter(({ isClosed }) => isClosed).length;
  }

  #mustBeAnnounced(event: StrictEvent): void {
    if (this.attempt !== this.#announced) this.#complain(`${event.kind} of an attempt that was not announced`);
  }

  #no(problem: string): false {
    this.#complain(problem);
    return false;
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
