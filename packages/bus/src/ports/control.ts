import type { AgentState, ControlCommand } from "@holdfast/protocol";

/** Commands to workers and tool-runners. The stream is the bell; state and cancel flags are durable beside it. */
export interface Control {
  /** Durable for pause, resume and drain; the bell for all. */
  send(agent: string, command: ControlCommand): Promise<void>;
  state(agent: string): Promise<AgentState>;
  /** Writes the `control` event of the command in force to every conversation with an unfinished run, once, whoever asks. */
  announce(agent: string): Promise<void>;
  /** Every command to these agents from now on, in order. Call the answer to stop. */
  listen(
    agents: readonly string[],
    onCommand: (agent: string, command: ControlCommand) => void,
  ): Promise<() => Promise<void>>;
}

/** Who is alive: a key per process that it must keep beating. */
export interface Presence {
  /** Begins beating; the answer stops and removes the key, so that others notice at once. */
  join(role: string, agents: readonly string[]): Promise<() => Promise<void>>;
  isAlive(instance: string): Promise<boolean>;
  members(role: string): Promise<readonly { readonly instance: string; readonly agents: readonly string[] }[]>;
}
