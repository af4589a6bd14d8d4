import { AgentState, ControlCommand, controlTopic, newUuid } from "@holdfast/protocol";
import type { Redis } from "ioredis";
import type { Commands } from "../connection/commands.ts";
import { controlStateKey } from "../keys.ts";
import type { Control } from "../ports/control.ts";
import { announce } from "./announce.ts";
import { tailTopics } from "./tail-topics.ts";

const STATE_AFTER: Readonly<Partial<Record<ControlCommand["type"], AgentState>>> = {
  pause: "paused",
  resume: "running",
  drain: "draining",
};

export class RedisControl implements Control {
  readonly #commands: Commands;
  readonly #connectBlocking: () => Redis;

  constructor(commands: Commands, connectBlocking: () => Redis) {
    this.#commands = commands;
    this.#connectBlocking = connectBlocking;
  }

  async send(agent: string, command: ControlCommand): Promise<void> {
    const payload = JSON.stringify(command);
    const keys = [controlTopic(agent), controlStateKey(agent)];
    const state = STATE_AFTER[command.type] ?? "";
    await this.#commands.script("control-2", keys, [newUuid(), payload, state, command.type, command.by]);
  }

  async state(agent: string): Promise<AgentState> {
    const state = await this.#commands.send((redis) => redis.hget(controlStateKey(agent), "state"));
    return AgentState.catch("running").parse(state);
  }

  announce(agent: string): Promise<void> {
    return announce(this.#commands, agent);
  }

  async listen(
    agents: readonly string[],
    onCommand: (agent: string, command: ControlCommand) => void,
  ): Promise<() => Promise<void>> {
    const byTopic = new Map(agents.map((agent) => [controlTopic(agent), agent]));
    return tailTopics(this.#connectBlocking(), [...byTopic.keys()], (topic, payload) => {
      const command = parse(payload);
      const agent = byTopic.get(topic);
      if (command && agent) onCommand(agent, command);
    });
  }
}

/** A command that cannot be read is nobody's to obey. */
function parse(payload: string): ControlCommand | undefined {
  try {
    return ControlCommand.parse(JSON.parse(payload));
  } catch {
    return undefined;
  }
}
