import { z } from "zod";
import { AgentName, TERMINAL_TOOLSET, Toolset } from "./topics.ts";

/** `holdfast.yaml` (protocol §6.1). Unknown keys are refused: a misspelt limit that is ignored is a limit that is missing. */

export const ApprovalRule = z.enum(["always", "never", "on_write"]);
export type ApprovalRule = z.infer<typeof ApprovalRule>;

const positive = z.int().min(1);

export const Budget = z.strictObject({
  tokens_per_run: positive.default(200_000),
  seconds_per_run: positive.default(600),
  tool_calls_per_run: positive.default(64),
});
export type Budget = z.infer<typeof Budget>;

export const AgentConfig = z.strictObject({
  model: z.string().min(1),
  /** `chat`: Chat Completions, any compatible server. `responses`: the Responses API. */
  api: z.enum(["chat", "responses"]).default("chat"),
  instructions: z.string().default("You are a helpful assistant."),
  /** Toolsets or tool names; globs with `*`; what one with `!` before it names is denied. */
  tools: z.array(z.string().min(1)).default([]),
  max_steps: positive.default(16),
  max_output_tokens: positive.default(4096),
  budget: Budget.prefault({}),
  approvals: z.record(z.string().min(1), ApprovalRule).default({}),
  temperature: z.number().min(0).max(2).optional(),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** What a stdio server in a sandbox may use besides the system's programs and a private home. */
const McpSandbox = z.strictObject({
  /** Files and folders it may read and execute. */
  read: z.array(z.string().min(1)).default([]),
  /** Folders it may read and write. */
  write: z.array(z.string().min(1)).default([]),
  network: z.boolean().default(false),
});

const McpTuning = z.strictObject({
  framing: z.enum(["auto", "newline", "content-length"]).default("auto"),
  init_timeout_ms: positive.default(30_000),
  tool_timeout_ms: positive.default(60_000),
  /** Believe the server's hints (read-only, idempotent). */
  trust: z.boolean().default(false),
  concurrency: positive.optional(),
  /** It may ask humans while it runs a call. */
  elicitation: z.boolean().default(true),
  allow: z.array(z.string().min(1)).default(["*"]),
  deny: z.array(z.string().min(1)).default([]),
  /** `true`: with nothing to use. A machine that cannot hold it does not start the server. */
  sandbox: z.union([z.boolean(), McpSandbox]).default(false),
  /** Of a remote server: the OAuth grant `client_credentials`. */
  oauth: z
    .strictObject({
      client_id: z.string().min(1),
      client_secret: z.string().min(1),
      scope: z.string().min(1).optional(),
      /** The only authorization server that is given the secret; without it, whichever the MCP server names. */
      issuer: z.url().optional(),
    })
    .optional(),
});

/** Numbers and booleans as a process is given them; null is a variable that is not set. */
const Variables = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .default({})
  .transform((all) => {
    const set = Object.entries(all).filter(([, value]) => value !== null);
    return Object.fromEntries(set.map(([name, value]) => [name, String(value)]));
  });

/** As other MCP hosts write it, so an existing file pastes unchanged; ours sits under `holdfast`. */
export const McpServerConfig = z
  .looseObject({
    type: z.string().optional(),
    command: z.string().min(1).optional(),
    args: z.array(z.string()).default([]),
    env: Variables,
    /** A file of `NAME=value` lines; `env` wins. */
    envFile: z.string().min(1).optional(),
    cwd: z.string().optional(),
    url: z.url().optional(),
    headers: z.record(z.string(), z.string()).default({}),
    disabled: z.boolean().default(false),
    holdfast: McpTuning.prefault({}),
  })
  .refine((server) => (server.command === undefined) !== (server.url === undefined), "needs either command or url")
  .refine((server) => server.url === undefined || server.holdfast.sandbox === false, {
    path: ["holdfast", "sandbox"],
    message: "is for a server with a command: a remote one runs elsewhere",
  });
export type McpServerConfig = z.infer<typeof McpServerConfig>;

export const TerminalConfig = z.strictObject({
  allow: z
    .array(z.string().min(1))
    .default(["ls", "cat", "echo", "date", "pwd", "head", "tail", "wc", "grep", "sort", "uniq", "uname"]),
  workspace: z.string().min(1).default("./workspace"),
  timeout_ms: positive.default(30_000),
  output_cap_bytes: positive.default(65_536),
  env_allow: z.array(z.string().min(1)).default([]),
  min_tier: z.enum(["T0", "T1", "T2", "T3"]).optional(),
  /** Commands at once in one tool-runner. */
  concurrency: positive.default(16),
  conversation_concurrency: positive.default(4),
  /** Commands of one conversation that begin in any minute. */
  calls_per_minute: positive.default(120),
  /** What one conversation may keep in its workspace. */
  quota_bytes: positive.default(512 * 1024 ** 2),
  quota_files: positive.default(20_000),
  enabled: z.boolean().default(true),
});
export type TerminalConfig = z.infer<typeof TerminalConfig>;

const agents = z
  .record(AgentName, AgentConfig)
  .refine((all) => Object.keys(all).length > 0, "needs at least one agent");
const mcpServers = z
  .record(Toolset, McpServerConfig)
  .refine(
    (all) => !(TERMINAL_TOOLSET in all),
    `must not name a server "${TERMINAL_TOOLSET}": that is the built-in toolset`,
  )
  .default({});

/**
 * What other hosts write around their servers: VS Code calls the map `servers`, keeps it under `mcp` in its settings, and
 * lists beside it the `inputs` that it asks a person for, which nothing here can use.
 */
function likeOtherHosts(file: unknown): unknown {
  if (!isMap(file)) return file;
  const { servers, mcp, inputs, mcpServers: own, ...rest } = file;
  const foreign = servers !== undefined || mcp !== undefined;
  const maps = [isMap(mcp) ? mcp["servers"] : mcp, servers, own].filter((map) => map !== undefined);
  const merged = maps.every(isMap) ? withToolsetNames(Object.assign({}, ...maps)) : maps.find((map) => !isMap(map));
  return {
    ...rest,
    ...(maps.length > 0 && { mcpServers: merged }),
    ...(inputs !== undefined && !foreign && { inputs }),
  };
}

/** Other hosts take any text as a server's name; what no toolset's name may hold becomes `-`, where that is no other's name. */
function withToolsetNames(servers: Record<string, unknown>): Record<string, unknown> {
  const named = Object.entries(servers).map(([name, server]): [string, unknown] => {
    const fit = name.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").replaceAll(/^[^A-Za-z0-9]+|-+$/g, "");
    return [Toolset.safeParse(name).success || fit in servers ? name : fit || name, server];
  });
  return new Set(named.map(([name]) => name)).size === named.length ? Object.fromEntries(named) : servers;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const HoldfastConfig = z.preprocess(
  likeOtherHosts,
  z.strictObject({ agents, mcpServers, terminal: TerminalConfig.prefault({}) }),
);
export type HoldfastConfig = z.infer<typeof HoldfastConfig>;
