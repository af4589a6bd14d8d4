import type { AgentState, ControlCommand } from "@holdfast/protocol";

/** Commands to workers and tool-runners. The stream is the bell; state and cancel flags are durable beside it. */
export interface Control {
  /** Durable for pause, resume and drain; the bell for all. */
  send(agent: string, command: ControlCommand): Promise<void>;
  /** As the newest command says, however it came into the topic. */
  state(agent: string): Promise<AgentState>;
  /**
   * Writes the `control` event of the command in force, or of a `reload`, to every conversation with an unfinished run, once,
   * whoever asks.
   */
  announce(agent: string, reload?: { readonly entryId: string; readonly by: string }): Promise<void>;
  /**
   * Tells the cancels of runs that others put into the topic and nobody has obeyed yet, oldest first, whoever was there when
   * they came. One counts as obeyed once `obey` has resolved; a rejection ends the walk, and the next begins there again. Told
   * by several processes at once, or again after a crash.
   */
  obeyCancels(agent: string, obey: (runId: string, by: string) => Promise<unknown>): Promise<void>;
  /** Every command to these agents from now on, in order. */
  listen(agents: readonly string[], onCommand: OnCommand): Promise<ControlListener>;
}

/** `entryId` is the command's in `control:<agent>`. */
export type OnCommand = (agent: string, command: ControlCommand, entryId: string) => void;

export interface ControlListener {
  /** Listens to these too, from now on. */
  add(agents: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Who is alive: a key per process that it must keep beating. */
export interface Presence {
  /** Begins beating, with the agents it serves at that moment (a tool-runner: the toolsets); the answer stops and removes the key, so that others notice at once. */
  join(role: string, agents: readonly string[] | (() => readonly string[])): Promise<() => Promise<void>>;
  /** Gives everybody the benefit of the doubt while Redis has only just come back. */
  isAlive(instance: string): Promise<boolean>;
  /** Waits until it can be told. For who would rely on the living to do something. */
  isKnownAlive(instance: string): Promise<boolean>;
  members(role: string): Promise<readonly { readonly instance: string; readonly agents: readonly string[] }[]>;
}
