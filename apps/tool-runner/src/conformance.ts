/**
 * The client under test of `@modelcontextprotocol/conformance`: goes through the same supervisor, connection and call that
 * serve agents. The suite starts it once per scenario, with the address of its server as the only argument:
 * `conformance client --command "node --conditions=source src/conformance.ts" --scenario tools_call`.
 */
import { defaultsOf, McpServerConfig } from "@holdfast/protocol";
import { createLogger } from "@holdfast/telemetry";
import type { Client, FetchLike } from "@modelcontextprotocol/client";
import { readTask, type Task } from "./conformance/config.ts";
import { withDiscovery } from "./conformance/discover.ts";
import { HeadlessUser } from "./conformance/headless-user.ts";
import { signedInFetch } from "./conformance/signed-in-fetch.ts";
import type { Ask } from "./mcp/asked-form.ts";
import { callTool } from "./mcp/call.ts";
import { resolveServer } from "./mcp/config.ts";
import { Sandboxes } from "./mcp/sandboxes.ts";
import { Supervisor } from "./mcp/supervisor.ts";

const CALL_MS = 20_000;

/** What a scenario's tools are called with; any other is called with nothing. */
const ARGUMENTS: Readonly<Record<string, Record<string, unknown>>> = {
  add_numbers: { a: 5, b: 3 },
  valid_tool: { region: "us-west1" },
};

/** Whose servers neither discover nor initialize. */
const UNDISCOVERABLE: ReadonlySet<string> = new Set([
  "http-standard-headers",
  "http-custom-headers",
  "http-invalid-tool-headers",
  "sep-2322-client-request-state",
]);

const CLIENT_CREDENTIALS = "auth/client-credentials-basic";

const url = process.argv[2] ?? "";
const task = readTask();
const supervisor = new Supervisor(resolveServer("suite", McpServerConfig.parse(configFor(task)), process.cwd()), {
  logger: createLogger({ service: "conformance", level: "debug" }),
  sandboxes: new Sandboxes(undefined),
  onChange: () => undefined,
  fetch: fetchFor(task),
});
/** Leaves a form as it is shown; without any defaults, a question of the suite wants to be confirmed. */
const ask: Ask = async ({ requestedSchema }) => ({
  action: "accept",
  content: { ...("confirmed" in requestedSchema.properties && { confirmed: true }), ...defaultsOf(requestedSchema) },
});
const { client } = await supervisor.session(AbortSignal.timeout(CALL_MS));
if (task.scenario === "http-standard-headers") await readEverything(client);
for (const { name, arguments: args } of callsFor(task)) {
  await callTool(supervisor, { name, arguments: args, timeoutMs: CALL_MS, signal: new AbortController().signal, ask });
}
await supervisor.close();

/** Signing in without a person is in the configuration. */
function configFor({ scenario, context: { client_id, client_secret } }: Task): object {
  return scenario === CLIENT_CREDENTIALS ? { url, holdfast: { oauth: { client_id, client_secret } } } : { url };
}

function fetchFor({ scenario, context: { client_id, client_secret } }: Task): FetchLike {
  if (UNDISCOVERABLE.has(scenario)) return withDiscovery(fetch);
  const registered = client_id === undefined ? undefined : { client_id, ...(client_secret && { client_secret }) };
  if (scenario === CLIENT_CREDENTIALS) return fetch;
  return scenario.startsWith("auth/") ? signedInFetch(new HeadlessUser(registered), new URL(url)) : fetch;
}

/** The suite's own calls, or each of the tools that are on offer. A null of the suite is an argument that is not given. */
function callsFor({ context: { toolCalls } }: Task): Task["context"]["toolCalls"] {
  const given = (args: object) => Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
  if (toolCalls.length > 0) return toolCalls.map(({ name, arguments: args }) => ({ name, arguments: given(args) }));
  return [...supervisor.catalog.keys()].map((name) => ({ name, arguments: ARGUMENTS[name] ?? {} }));
}

async function readEverything(session: Client): Promise<void> {
  const { resources } = await session.listResources();
  for (const { uri } of resources) await session.readResource({ uri });
  const { prompts } = await session.listPrompts();
  for (const { name } of prompts) await session.getPrompt({ name, arguments: {} });
}
