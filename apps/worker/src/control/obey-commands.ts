import { AgentStates, type Bus, type Control, type WorkQueue } from "@holdfast/bus";
import { type AgentState, chatTopic, type HoldfastConfig } from "@holdfast/protocol";
import { createReload } from "@holdfast/runtime";
import type { Logger } from "@holdfast/telemetry";
import type { ActiveRuns } from "./active-runs.ts";
import { obeyCancel, obeyUnheardCancels } from "./cancel-bell.ts";
import type { ServedAgents } from "./served-agents.ts";

export interface CommandScope {
  readonly bus: Pick<Bus, "control" | "conversations">;
  readonly queue: WorkQueue;
  readonly served: ServedAgents;
  readonly active: ActiveRuns;
  readonly readAgents: () => HoldfastConfig["agents"];
  readonly logger: Logger;
}

/**
 * What a worker does on the commands of `control:<agent>` (protocol §2.7), once the states are started.
 *
 * - Of a running agent everything is read; of a draining one as well, but only runs that have begun are taken; of a paused one
 *   only runs that have begun and are to be ended are taken over. A run asks the states before each thing that a pause holds back.
 * - `reload`, to whichever agent, reads the whole file again. New agents are served from then on and removed ones no longer;
 *   runs at work keep the configuration they were begun with. A file that is not valid changes nothing.
 * - A cancel that came while nobody listened is obeyed at the next look.
 * - Every command is told to the conversations it concerns once it has taken effect here, if nobody was first; what another
 *   worker died telling is told on.
 */
export function obeyCommands({ bus, queue, served, active, readAgents, logger }: CommandScope): AgentStates {
  const states = new AgentStates({
    control: bus.control,
    agents: served.names,
    onCommand(agent, command, entryId) {
      obeyCancel(command, { conversations: bus.conversations, active, logger });
      if (command.type === "reload") void obeyReload(agent, { entryId, by: command.by });
    },
    onChange(agent, state) {
      logger.info("agent state", { agent, state });
      chooseTopics();
    },
    onObeyed(agent) {
      announce(agent);
      obeyUnheardCancels(agent, { ...bus, logger });
    },
  });
  const reload = createReload({
    logger,
    read: readAgents,
    async apply(agents) {
      // The states of new agents are known before the first of their messages is read.
      await states.add(Object.keys(agents));
      served.replace(agents);
      chooseTopics();
    },
  });

  function chooseTopics(): void {
    const topicsIn = (state: AgentState) => served.names.filter((name) => states.of(name) === state).map(chatTopic);
    queue.setTopics(topicsIn("running"), { begun: topicsIn("draining"), cancelled: topicsIn("paused") });
  }
  function announce(agent: string, command?: Parameters<Control["announce"]>[1]): void {
    const onError = (error: unknown) => logger.warn("control event not written", { agent, error });
    bus.control.announce(agent, command).catch(onError);
  }
  async function obeyReload(agent: string, command: { entryId: string; by: string }): Promise<void> {
    if (await reload()) announce(agent, command);
  }
  return states;
}
