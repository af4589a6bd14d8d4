import type { Journal, JournalCall, JournalResult, JournalStep, SteeredMessage } from "@holdfast/bus";
import type { Usage } from "@holdfast/protocol";
import { addUsage, NO_USAGE } from "../model/usage.ts";

/** A call of the last finished step, with its place there. */
export interface OpenCall {
  readonly step: number;
  readonly index: number;
  readonly call: JournalCall;
  /** It was announced, by an earlier attempt or by this one, so it may have gone out. */
  readonly wasStarted: boolean;
}

/** What a run has done so far: the journal it began with, and what this attempt adds. Finished parts are never redone. */
export class RunProgress {
  readonly #steps: JournalStep[];
  readonly #results: Map<string, JournalResult>;
  readonly #started: Set<string>;
  readonly #steered: Map<number, readonly SteeredMessage[]>;
  #usage: Usage;

  constructor(journal: Journal) {
    this.#steps = [...journal.steps];
    this.#results = new Map(journal.results);
    this.#started = new Set(journal.started.keys());
    this.#steered = new Map(journal.steered);
    this.#usage = this.#steps.reduce((sum, step) => addUsage(sum, step.usage), NO_USAGE);
  }

  /** To find out what would be, without doing it. */
  copy(): RunProgress {
    const copy = new RunProgress({
      steps: this.#steps,
      results: this.#results,
      started: new Map(),
      steered: this.#steered,
    });
    copy.#usage = this.#usage;
    return copy;
  }

  get steps(): readonly JournalStep[] {
    return this.#steps;
  }

  get usage(): Usage {
    return this.#usage;
  }

  /** Number of the next model call. */
  get nextStep(): number {
    return this.#steps.length;
  }

  get toolCalls(): number {
    return this.#steps.reduce((sum, step) => sum + step.calls.length, 0);
  }

  get openCalls(): readonly OpenCall[] {
    const last = this.#steps.at(-1);
    if (last === undefined) return [];
    return last.calls
      .map((call, index) => ({ step: last.step, index, call, wasStarted: this.#started.has(call.id) }))
      .filter(({ call }) => !this.#results.has(call.id));
  }

  result(toolCallId: string): JournalResult | undefined {
    return this.#results.get(toolCallId);
  }

  /** What the model hears before the step, after all that came before it. */
  steeredBefore(step: number): readonly SteeredMessage[] {
    return this.#steered.get(step) ?? [];
  }

  /** All of what was steered in before the step, also what was known. */
  setSteered(step: number, messages: readonly SteeredMessage[]): void {
    this.#steered.set(step, messages);
  }

  hasCall(toolCallId: string): boolean {
    return this.#steps.some((step) => step.calls.some((call) => call.id === toolCallId));
  }

  addStep(step: JournalStep): void {
    this.#steps.push(step);
    this.addUsage(step.usage);
  }

  addUsage(usage: Usage): void {
    this.#usage = addUsage(this.#usage, usage);
  }

  addStarted(toolCallId: string): void {
    this.#started.add(toolCallId);
  }

  addResult(result: JournalResult): void {
    this.#results.set(result.tool_call_id, result);
  }
}
