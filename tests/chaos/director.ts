import { type Gate, gate, type Piece, type RecordedRequest, type ScriptedReply, stampedWords } from "@holdfast/testing";

export interface ToolRequest {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What the model does in one step. The words differ at every call, as real sampling does; their number does not. */
export interface ScriptedStep {
  readonly words: number;
  readonly calls: readonly ToolRequest[];
}

/** Where a model call stands: before word n (from 0), or with every word said and the finish still to come. */
export type Place = number | "end";

/** What the model says in answer to one message, and where it waits. */
export class Turn {
  readonly messageId: string;
  readonly steps: readonly ScriptedStep[];
  readonly #gates = new Map<string, Gate>();

  constructor(messageId: string, steps: readonly ScriptedStep[]) {
    this.messageId = messageId;
    this.steps = steps;
  }

  /** A tool's server asks a human before it does what it is called for. */
  get asks(): boolean {
    return this.steps.some(({ calls }) => calls.some((call) => call.arguments["asks"] === true));
  }

  /** Every call waits there until the gate is opened. */
  holdAt(step: number, place: Place): Gate {
    const held = gate();
    this.#gates.set(`${step}/${place}`, held);
    return held;
  }

  /** Resolves when the first call comes by; nothing waits. */
  watch(step: number, place: Place): Promise<void> {
    const watched = this.holdAt(step, place);
    watched.open();
    return watched.reached;
  }

  /** Lets everybody through, now and later. */
  release(): void {
    for (const held of this.#gates.values()) held.open();
  }

  gateAt(step: number, place: Place): Gate | undefined {
    return this.#gates.get(`${step}/${place}`);
  }
}

interface Sample {
  readonly messageId: string;
  readonly step: number;
  readonly text: string;
}

/** About the pace of a fast model. */
const WORD_MS = 15;

/**
 * Says what the model answers, and remembers everything it ever said: the oracle asks here what a text may begin with.
 * A message's content is its id, which is how a request tells what it is about.
 */
export class Director {
  readonly wordMs: number;
  readonly #turns = new Map<string, Turn>();
  readonly #samples = new Map<string, Sample[]>();
  /** What each call was told of the turns before, by message id; equal for all calls of one message. */
  readonly #told = new Map<string, Set<string>>();

  constructor(wordMs = WORD_MS) {
    this.wordMs = wordMs;
  }

  add(turn: Turn): Turn {
    this.#turns.set(turn.messageId, turn);
    return turn;
  }

  answer({ call, request }: RecordedRequest): ScriptedReply {
    const at = request.messages.findLastIndex(({ role }) => role === "user");
    const messageId = request.messages[at]?.text.trim() ?? "";
    const step = request.messages.slice(at + 1).filter(({ role }) => role === "assistant").length;
    const turn = this.#turns.get(messageId);
    const script = turn?.steps[step];
    if (!turn || !script) return { status: 400, message: `no step ${step} is scripted for message ${messageId}` };
    const said = request.messages.slice(0, at).filter(({ role, text }) => role === "assistant" && text !== "");
    const told = this.#told.get(messageId) ?? new Set();
    this.#told.set(messageId, told.add(said.map(({ text }) => text).join("\n")));
    const words = stampedWords(script.words, call);
    this.#remember({ messageId, step, text: words.join("") });
    return { pieces: this.#pieces(turn, step, words) };
  }

  /** See StrictRun. */
  readonly isSamplePrefix = (messageId: string, step: number, text: string): boolean =>
    this.#of(messageId, step).some((sample) => sample.text.startsWith(text));

  /** Whether the model said exactly this, as a whole. */
  isSample(messageId: string, step: number, text: string): boolean {
    return this.#of(messageId, step).some((sample) => sample.text === text);
  }

  /** The earlier answers that the model was told of when it answered this message: one text, if all is well. */
  toldBefore(messageId: string): string[] {
    return [...(this.#told.get(messageId) ?? [])];
  }

  async *#pieces(turn: Turn, step: number, words: readonly string[]): AsyncGenerator<Piece> {
    for (const [index, text] of words.entries()) {
      const held = turn.gateAt(step, index);
      if (held) yield { waitFor: held };
      yield { text, delayMs: this.wordMs };
    }
    const held = turn.gateAt(step, "end");
    if (held) yield { waitFor: held };
    for (const toolCall of turn.steps[step]?.calls ?? []) yield { toolCall };
  }

  #of(messageId: string, step: number): readonly Sample[] {
    return this.#samples.get(`${messageId}/${step}`) ?? [];
  }

  #remember(sample: Sample): void {
    const key = `${sample.messageId}/${sample.step}`;
    this.#samples.set(key, [...this.#of(sample.messageId, sample.step), sample]);
  }
}
