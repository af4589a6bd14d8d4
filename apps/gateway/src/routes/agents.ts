import type { Control, Presence, Queues } from "@holdfast/bus";
import { type Agent, AgentControl, AgentList, chatTopic, ControlAccepted, WORKERS_GROUP } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, type Route } from "../http/route.ts";
import { noAgent } from "./addresses.ts";

export interface AgentDeps {
  readonly agents: ReadonlySet<string>;
  readonly control: Control;
  readonly presence: Presence;
  readonly queues: Queues;
  /** Answers come from the built-in demo model. */
  readonly isDemo: boolean;
}

const AgentInPath = z.object({ name: z.string() });

/** Durable: workers and tool-runners obey within a second, and after every restart (protocol §2.7). */
function controlRoute(agents: ReadonlySet<string>, control: Control): Route {
  return defineRoute({
    method: "post",
    path: "/v1/agents/:name/control",
    operationId: "controlAgent",
    summary:
      "Pause, resume or drain an agent until the next command, or have every service read its configuration again",
    params: AgentInPath,
    body: AgentControl,
    replies: { 202: { description: "The command is durable", schema: ControlAccepted } },
    errors: ["agent_not_found"],
    handle: async ({ params: { name }, body: { command } }) => {
      if (!agents.has(name)) return noAgent(name);
      await control.send(name, { type: command, by: "user:operator" });
      return { status: 202, body: { name, state: await control.state(name) } };
    },
  });
}

/** The role under which workers report that they are alive. */
const WORKER_ROLE = "worker";

export function agentRoutes({ agents, control, presence, queues, isDemo }: AgentDeps): Route[] {
  const describe = async (name: string, workers: Awaited<ReturnType<Presence["members"]>>): Promise<Agent> => {
    const [state, stats] = await Promise.all([control.state(name), queues.stats(chatTopic(name), WORKERS_GROUP)]);
    return {
      name,
      state,
      queue_length: stats.length,
      lag: stats.lag,
      workers: workers.filter((worker) => worker.agents.includes(name)).length,
    };
  };
  return [
    defineRoute({
      method: "get",
      path: "/v1/agents",
      operationId: "listAgents",
      summary: "The configured agents, their queues and who works on them",
      replies: { 200: { description: "All agents", schema: AgentList } },
      handle: async () => {
        const workers = await presence.members(WORKER_ROLE);
        const data = await Promise.all([...agents].map((name) => describe(name, workers)));
        return ok(isDemo ? { data, demo: true } : { data });
      },
    }),
    controlRoute(agents, control),
  ];
}
