/** What a person may set for `npm start`: the environment, after `.env` was added to it. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "./project.ts";

const DEFAULT_GATEWAY_PORT = 8080;
const LAST_PORT = 65_535;

export interface Settings {
  readonly dataDirectory: string;
  readonly gatewayHost: string;
  readonly gatewayPort: number;
  /** Whether somebody chose the port: then another one would not do. */
  readonly isPortChosen: boolean;
  readonly isAdminOff: boolean;
  /** No provider is configured: the built-in demo model answers. */
  readonly isDemo: boolean;
  readonly isWatching: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Adds `.env` to the environment; what is set already wins. */
export function loadDotEnv(): void {
  const file = join(ROOT, ".env");
  if (existsSync(file)) process.loadEnvFile(file);
}

/** Throws an Error whose message names the setting when one makes no sense. */
export function readSettings(env: Environment, args: readonly string[]): Settings {
  const isSet = (name: string) => (env[name] ?? "") !== "";
  const isPortChosen = isSet("GATEWAY_PORT");
  const gatewayPort = isPortChosen ? Number(env["GATEWAY_PORT"]) : DEFAULT_GATEWAY_PORT;
  if (!Number.isInteger(gatewayPort) || gatewayPort < 0 || gatewayPort > LAST_PORT) {
    throw new Error(`GATEWAY_PORT must be a port, not "${env["GATEWAY_PORT"]}"`);
  }
  const unknown = args.find((argument) => argument !== "--watch");
  if (unknown !== undefined) throw new Error(`unknown argument ${unknown}; the only one is --watch`);
  const providers = ["OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL"];
  return {
    dataDirectory: resolve(ROOT, isSet("HOLDFAST_DATA_DIR") ? (env["HOLDFAST_DATA_DIR"] ?? "") : ".data"),
    gatewayHost: isSet("GATEWAY_HOST") ? (env["GATEWAY_HOST"] ?? "") : "127.0.0.1",
    gatewayPort,
    isPortChosen: isPortChosen && gatewayPort !== 0,
    isAdminOff: env["ADMIN_PORT"] === "0",
    isDemo: !providers.some(isSet),
    isWatching: args.includes("--watch"),
  };
}
