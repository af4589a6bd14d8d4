import { z } from "zod";

/** What the suite hands over for some scenarios: credentials, or the calls to be made. */
const Context = z.looseObject({
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })).default([]),
});

const Env = z.object({
  MCP_CONFORMANCE_SCENARIO: z.string().min(1),
  MCP_CONFORMANCE_CONTEXT: z.string().default("{}"),
});

export interface Task {
  readonly scenario: string;
  readonly context: z.infer<typeof Context>;
}

/** What the suite asks of this process. Throws where it was not started by the suite. */
export function readTask(env: Readonly<Record<string, string | undefined>> = process.env): Task {
  const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_CONTEXT } = Env.parse(env);
  return { scenario, context: Context.parse(JSON.parse(MCP_CONFORMANCE_CONTEXT)) };
}
