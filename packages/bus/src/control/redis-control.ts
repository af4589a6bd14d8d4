import { AgentState, type ControlCommand, controlTopic, newUuid } from "@holdfast/protocol";
import type { TopicTail } from "../connection/blocking-reads.ts";
import type { Commands } from "../connection/commands.ts";
import { controlStateKey } from "../keys.ts";
import type { Control, ControlListener, OnCommand } from "../ports/control.ts";
import { announce } from "./announce.ts";
import { obeyCancels } from "./obey-cancels.ts";
import { readCommand } from "./read-command.ts";
import { tailTopics } from "./tail-topics.ts";

const CONTROL = controlTopic("");
const STATE_AFTER: Readonly<Partial<Record<ControlCommand["type"], AgentState>>> = {
  pause: "paused",
  resume: "running",
  drain: "draining",
};

export class RedisControl implements Control {
  readonly #commands: Commands;
  readonly #openTail: () => TopicTail;

  constructor(commands: Commands, openTail: () => TopicTail) {
    this.#commands = commands;
    this.#openTail = openTail;
  }

  async send(agent: string, command: ControlCommand): Promise<void> {
    const payload = JSON.stringify(command);
    const keys = [controlTopic(agent), controlStateKey(agent)];
    const state = STATE_AFTER[command.type] ?? "";
    // Sent twice, where a failover may have lost it, it is the same command.
    await this.#commands.durably(keys.slice(0, 1), () =>
      this.#commands.script("control-2", keys, [newUuid(), payload, state, command.type, command.by]),
    );
  }

  async state(agent: string): Promise<AgentState> {
    const keys = [controlTopic(agent), controlStateKey(agent)];
    const [state] = await this.#commands.script("agent-state-2", keys, Object.entries(STATE_AFTER).flat());
    return AgentState.catch("running").parse(state);
  }

  announce(agent: string, reload?: { entryId: string; by: string }): Promise<void> {
    return announce(this.#commands, agent, reload);
  }

  obeyCancels(agent: string, obey: (runId: string, by: string) => Promise<unknown>): Promise<void> {
    return obeyCancels(this.#commands, agent, obey);
  }

  async listen(agents: readonly string[], onCommand: OnCommand): Promise<ControlListener> {
    const topics = agents.map(controlTopic);
    const tail = await tailTopics(this.#commands, this.#openTail(), topics, (topic, entryId, payload) => {
      const command = readCommand(payload);
      if (command) onCommand(topic.slice(CONTROL.length), command, entryId);
    });
    return { add: (more) => tail.add(more.map(controlTopic)), stop: () => tail.stop() };
  }
}
