import { setTimeout as delay } from "node:timers/promises";
import { newUuid } from "@holdfast/protocol";
import type { AgentUnderFire } from "./cells.ts";
import type { ScriptedStep, Turn } from "./director.ts";
import type { Site } from "./site.ts";
import { SseTail } from "./sse-tail.ts";

const RETRY_MS = 100;

/** One conversation, its messages and the readers that watch it. */
export class Talk {
  readonly id = newUuid();
  readonly #turns: Turn[];
  readonly tails: readonly SseTail[];
  /** Run ids that gateways answered with, by message id. */
  readonly acceptedRuns = new Map<string, Set<string>>();
  readonly #site: Site;
  readonly #agent: AgentUnderFire;
  #next: number;

  /** `first` is the place of the gateway that it uses first. */
  constructor(site: Site, first: number, turns: readonly Turn[], readers: number, agent: AgentUnderFire = "assistant") {
    this.#site = site;
    this.#agent = agent;
    this.#next = first;
    this.#turns = turns.map((turn) => site.director.add(turn));
    this.tails = Array.from(
      { length: readers },
      (_, reader) => new SseTail(this.id, site.gateways, first + reader, site.reader()),
    );
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get messageIds(): string[] {
    return this.turns.map(({ messageId }) => messageId);
  }

  /** Creates the conversation, so that its readers can be there before its first message, and opens them. */
  async open(): Promise<void> {
    await this.#insist("/v1/conversations", { id: this.id });
    for (const tail of this.tails) tail.open();
  }

  /** A further turn, sent at once. */
  async say(turn: Turn): Promise<void> {
    this.#turns.push(this.#site.director.add(turn));
    await this.send(turn);
  }

  /** Sends the message until it is accepted: again under the same id, at the other gateway. */
  async send({ messageId }: Turn): Promise<void> {
    const body = { id: messageId, agent: this.#agent, content: messageId };
    const answer = await this.#insist(`/v1/conversations/${this.id}/messages`, body);
    const runs = this.acceptedRuns.get(messageId) ?? new Set();
    this.acceptedRuns.set(messageId, runs.add(String(answer["run_id"])));
  }

  /** Puts the message in the agent's queue by hand. */
  async addByHand({ messageId }: Turn): Promise<void> {
    const payload = JSON.stringify({ conversation_id: this.id, content: messageId });
    await this.#site.eyes.addMessage(`chat:${this.#agent}`, messageId, payload);
  }

  /** Approves whatever its readers are asked, until that is decided. */
  async approveAll(): Promise<void> {
    const asked = this.tails.flatMap(({ reader }) => [...reader.runs.values()].flatMap(({ questions }) => questions));
    for (const id of new Set(asked)) await this.#insist(`/v1/approvals/${id}`, { decision: "approve" });
  }

  /**
   * Fills in what its readers were asked by calls that run, each with the answer to its message, until that is known. With
   * `mayBeTooLate` a question may be over by then; with `onlyOpen` what its readers know to be over is left alone.
   */
  async fillIn(mayBeTooLate: boolean, onlyOpen = false): Promise<void> {
    const runs = this.tails.flatMap(({ reader }) => [...reader.runs.values()]);
    const asked = runs.flatMap((run) => run.asked.map((question) => ({ ...question, messageId: run.messageId })));
    const questions = asked.filter(({ status }) => !onlyOpen || status === "requested");
    for (const [id, messageId] of new Map(questions.map((one) => [one.id, one.messageId]))) {
      const body = { decision: "approve", content: answerTo(messageId) };
      await this.#insist(`/v1/approvals/${id}`, body, mayBeTooLate ? "approval_expired" : undefined);
    }
  }

  hasEnded(): boolean {
    return this.tails.every(({ reader }) => reader.hasEnded(this.messageIds));
  }

  /** Of this conversation's longest silence after `sinceMs` (performance.now()), in milliseconds. */
  silenceMs(sinceMs: number): number {
    const silences = this.tails.map(({ movedAtMs }) => {
      const moves = [sinceMs, ...movedAtMs.filter((atMs) => atMs > sinceMs)];
      return Math.max(0, ...moves.slice(1).map((atMs, index) => atMs - (moves[index] ?? 0)));
    });
    return Math.max(...silences);
  }

  wasTakenOver(): boolean {
    return this.tails.some(({ reader }) => [...reader.runs.values()].some(({ takeovers }) => takeovers > 0));
  }

  async close(): Promise<void> {
    await Promise.all(this.tails.map((tail) => tail.close()));
  }

  async get(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#gateway()}${path}`);
    return (await response.json()) as Record<string, unknown>;
  }

  async #insist(path: string, body: object, mayBe?: string): Promise<Record<string, unknown>> {
    for (;;) {
      const response = await fetch(`${this.#gateway()}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }).catch(() => undefined);
      const answer = (await response?.json().catch(() => ({}))) as Record<string, unknown> | undefined;
      if (answer && (response?.ok || (mayBe && answer["code"] === mayBe))) return answer;
      if (response && response.status < 500) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
      this.#next += 1;
      await delay(RETRY_MS);
    }
  }

  #gateway(): string {
    const { gateways } = this.#site;
    return gateways[this.#next % gateways.length] ?? "";
  }
}

/** What the ledger is told when it asks about a message's booking. */
export const answerTo = (messageId: string) => ({ answer: `yes-to-${messageId}` });

export interface Booking {
  /** See Scene. */
  readonly gatePath?: string;
  /** The ledger asks a human before it books. */
  readonly asks?: boolean;
}

/** What a message with effects makes the model do: a step with tools, then the answer. */
export function workSteps(
  messageId: string,
  words: readonly [number, number],
  { gatePath = "", asks = false }: Booking = {},
): ScriptedStep[] {
  const isHeld = gatePath !== "";
  const args = { entry: messageId, ...(isHeld && { gate: gatePath }), ...(asks && { asks }) };
  const book = { name: "ledger__book", arguments: args };
  const once = { name: "terminal__run", arguments: { argv: ["mktemp", "-p", ".", `once-${messageId}-XXXXXXXX`] } };
  const slow = { name: "terminal__run", arguments: { argv: ["sleep", "0.5"] } };
  return [
    { words: words[0], calls: isHeld ? [book, once, slow] : [book, once] },
    { words: words[1], calls: [] },
  ];
}
