import type { AgentState } from "@holdfast/protocol";
import type { Control, ControlListener, OnCommand } from "../ports/control.ts";

export interface AgentStatesOptions {
  readonly control: Control;
  readonly agents: readonly string[];
  /** An agent's state was learnt or changed here: what it forbids is no longer begun. */
  readonly onChange?: (agent: string, state: AgentState) => void;
  /** What the agent's newest command says is in force here: told after every look. */
  readonly onObeyed?: (agent: string) => void;
  /** Every command, also those that change no state. */
  readonly onCommand?: OnCommand;
}

/**
 * The states of agents as one process obeys them. The durable state is read at the start and again at every bell, so a bell
 * that is lost or late can never leave an older state in force for longer than the next look.
 */
export class AgentStates {
  readonly #options: AgentStatesOptions;
  readonly #states = new Map<string, AgentState>();
  readonly #followers = new Map<string, Set<(state: AgentState) => void>>();
  readonly #waiting = new Map<string, Set<() => void>>();
  #timer: NodeJS.Timeout | undefined;
  readonly #agents: Set<string>;
  #listener: ControlListener | undefined;

  constructor(options: AgentStatesOptions) {
    this.#options = options;
    this.#agents = new Set(options.agents);
  }

  async start(): Promise<void> {
    const { control, onCommand } = this.#options;
    const agents = [...this.#agents];
    this.#listener = await control.listen(agents, (agent, command, entryId) => {
      onCommand?.(agent, command, entryId);
      if (command.type !== "cancel") void this.#look(agent);
    });
    await Promise.all(agents.map((agent) => this.#look(agent)));
    this.#timer = setInterval(() => this.#agents.forEach((agent) => void this.#look(agent)), LOOK_AGAIN_MS);
  }

  /**
   * Obeys the commands to these agents too; resolves when their states are known. An agent that is no longer served stays
   * obeyed: its runs are to be cancelled and paused until the last has ended.
   */
  async add(agents: readonly string[]): Promise<void> {
    const fresh = agents.filter((agent) => !this.#agents.has(agent));
    for (const agent of fresh) this.#agents.add(agent);
    await this.#listener?.add(fresh);
    await Promise.all(fresh.map((agent) => this.#look(agent)));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listener?.stop();
  }

  of(agent: string): AgentState {
    return this.#states.get(agent) ?? "running";
  }

  /** Tells the agent's state now and at every change. Call the answer to stop. */
  follow(agent: string, listener: (state: AgentState) => void): () => void {
    const followers = this.#followers.get(agent) ?? new Set();
    this.#followers.set(agent, followers.add(listener));
    listener(this.of(agent));
    return () => followers.delete(listener);
  }

  /** Resolves when the agent is in none of `states`; rejects with the signal's reason when that aborts first. */
  async whileIn(states: readonly AgentState[], agent: string, signal: AbortSignal): Promise<void> {
    while (states.includes(this.of(agent))) {
      signal.throwIfAborted();
      await this.#changeOf(agent, signal);
    }
  }

  #changeOf(agent: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(agent) ?? new Set();
      this.#waiting.set(agent, waiting);
      const onAbort = (): void => {
        waiting.delete(onChange);
        reject(signal.reason as Error);
      };
      const onChange = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      waiting.add(onChange);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** A Redis that does not answer leaves the last known state in force. */
  async #look(agent: string): Promise<void> {
    const state = await this.#options.control.state(agent).catch(() => undefined);
    if (state === undefined) return;
    if (state !== this.#states.get(agent)) this.#change(agent, state);
    this.#options.onObeyed?.(agent);
  }

  #change(agent: string, state: AgentState): void {
    this.#states.set(agent, state);
    this.#options.onChange?.(agent, state);
    for (const listener of this.#followers.get(agent) ?? []) listener(state);
    for (const resolve of this.#waiting.get(agent) ?? []) resolve();
    this.#waiting.delete(agent);
  }
}

const LOOK_AGAIN_MS = 5_000;
