import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import type { McpServerConfig } from "@holdfast/protocol";
import { isSecretKey, registerSecret } from "@holdfast/telemetry";
import { type Grants, NO_GRANTS } from "../terminal/launcher.ts";
import type { Framing } from "./framing.ts";

/** What a server process may know of ours; everything else it needs is written in its `env`. */
const INHERITED = ["PATH", "HOME", "LANG", "TERM", "USER", "TMPDIR"] as const;

interface ServerLimits {
  readonly toolset: string;
  readonly initTimeoutMs: number;
  /** Milliseconds without a sign of life (a progress notification) before a call is given up. */
  readonly toolTimeoutMs: number;
  /** Calls at once; undefined leaves it to what the server turns out to speak. */
  readonly concurrency?: number;
  /** Believe the server's hints. */
  readonly isTrusted: boolean;
  /** It may ask humans while it runs a call. */
  readonly mayAsk: boolean;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Equal exactly when nothing in the configuration changed. Holds secrets: for comparing only. */
  readonly fingerprint: string;
}

export interface StdioServer extends ServerLimits {
  readonly kind: "stdio";
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Read at every start of the server; what `env` names is not taken from it. */
  readonly envFile?: { readonly path: string; readonly except: readonly string[] };
  readonly framing: Framing | "auto";
  /** Set where it runs in a sandbox: what it may use there. */
  readonly sandbox?: Grants;
}

export interface HttpServer extends ServerLimits {
  readonly kind: "http";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The configuration asks for the older HTTP+SSE transport. */
  readonly isSse: boolean;
  /** We sign in by ourselves, as this client. */
  readonly oauth?: McpServerConfig["holdfast"]["oauth"];
}

export type ResolvedServer = StdioServer | HttpServer;

const DEFAULT_CONCURRENCY = 4;

/** A server with content-length frames takes one request at a time, unless its configuration says otherwise. */
export function callsAtOnce({ concurrency }: ResolvedServer, wire: string): number {
  // As long as it is not known (`auto`), it may be the one that carries one call at a time: more would be begun only to wait.
  return concurrency ?? (wire === "content-length" || wire === "auto" ? 1 : DEFAULT_CONCURRENCY);
}

/** One entry of `mcpServers` made ready to use. Relative directories count from `baseDir`, the folder of the configuration file. */
export function resolveServer(toolset: string, config: McpServerConfig, baseDir: string): ResolvedServer {
  const { holdfast, command, url } = config;
  const limits: ServerLimits = {
    toolset,
    initTimeoutMs: holdfast.init_timeout_ms,
    toolTimeoutMs: holdfast.tool_timeout_ms,
    ...(holdfast.concurrency !== undefined && { concurrency: holdfast.concurrency }),
    isTrusted: holdfast.trust,
    mayAsk: holdfast.elicitation,
    allow: holdfast.allow,
    deny: holdfast.deny,
    fingerprint: JSON.stringify([toolset, config, baseDir]),
  };
  if (command !== undefined) {
    const cwd = resolve(baseDir, config.cwd ?? ".");
    const sandbox = grantsOf(holdfast.sandbox, baseDir);
    const { HOME, TMPDIR, ...rest } = inheritedEnvironment();
    // In a sandbox these are a private directory.
    const own = sandbox ? rest : { ...rest, ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }) };
    const process = { command, args: config.args, cwd, env: { ...own, ...config.env }, ...envFileOf(config, baseDir) };
    return { ...limits, ...process, kind: "stdio", framing: holdfast.framing, ...(sandbox && { sandbox }) };
  }
  const isSse = config.type?.toLowerCase() === "sse";
  return { ...limits, kind: "http", url: new URL(url ?? ""), headers: config.headers, isSse, oauth: holdfast.oauth };
}

/** `true` allows nothing, which is what an empty list of folders allows too. */
function grantsOf(sandbox: McpServerConfig["holdfast"]["sandbox"], baseDir: string): Grants | undefined {
  if (typeof sandbox === "boolean") return sandbox ? NO_GRANTS : undefined;
  const absolute = (paths: readonly string[]) => paths.map((path) => resolve(baseDir, path));
  return { read: absolute(sandbox.read), write: absolute(sandbox.write), network: sandbox.network };
}

/** A missing directory would otherwise be reported as a missing command. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function envFileOf({ env, envFile }: McpServerConfig, baseDir: string): Pick<StdioServer, "envFile"> {
  return envFile === undefined ? {} : { envFile: { path: resolve(baseDir, envFile), except: Object.keys(env) } };
}

/** All that the server's process is given. Throws where its file cannot be read. */
export function environmentOf({ env, envFile }: StdioServer): Readonly<Record<string, string>> {
  if (envFile === undefined) return env;
  const environment: Record<string, string> = { ...env };
  for (const [name, value = ""] of Object.entries(parseEnv(readFileSync(envFile.path, "utf8")))) {
    if (envFile.except.includes(name)) continue;
    environment[name] = value;
    if (isSecretKey(name)) registerSecret(value);
  }
  return environment;
}

function inheritedEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
