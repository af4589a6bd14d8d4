/**
 * The processes of the stack and what each is told (protocol §6.2): all of it by environment, as in any deployment.
 * Starting order does not matter, each waits for what it needs; stopping goes from the outside in.
 */
import { join } from "node:path";
import { parseLogLine } from "../console/log-lines.ts";
import { anyFreePort, nextFreePort } from "../ports.ts";
import { ROOT } from "../project.ts";
import type { Settings } from "../settings.ts";
import type { Command, Recipe } from "./supervised-child.ts";

/** Where operators find each service's health and metrics, unless somebody else has the port. */
const ADMIN_PORTS = { worker: 8081, "tool-runner": 8082, gateway: 8083 } as const;

export interface Ports {
  gateway: number;
  readonly demoModel: number;
  readonly admin: Readonly<Record<keyof typeof ADMIN_PORTS, number>>;
}

/** Ports for everything but Redis. Throws when a chosen gateway port is taken. */
export async function choosePorts(settings: Settings): Promise<Ports> {
  const gateway = await nextFreePort(settings.gatewayPort, settings.gatewayHost);
  if (settings.isPortChosen && gateway !== settings.gatewayPort) {
    throw new Error(
      `port ${settings.gatewayPort} (GATEWAY_PORT) is taken; choose another, or leave it out for a free one`,
    );
  }
  const taken = [gateway];
  const admin: Record<keyof typeof ADMIN_PORTS, number> = { worker: 0, "tool-runner": 0, gateway: 0 };
  if (!settings.isAdminOff) {
    for (const name of ["worker", "tool-runner", "gateway"] as const) {
      admin[name] = await nextFreePort(ADMIN_PORTS[name], "127.0.0.1", taken);
      taken.push(admin[name]);
    }
  }
  return { gateway, admin, demoModel: await anyFreePort("127.0.0.1", taken) };
}

const isReady = (line: string) => parseLogLine(line)?.message === "ready";

/** The services in the order in which they are stopped. */
export function serviceRecipes(settings: Settings, ports: Ports, redisUrl: string): Recipe[] {
  const demo: Record<string, string> = settings.isDemo ? { HOLDFAST_DEMO: "1" } : {};
  const model: Record<string, string> = { HOLDFAST_DEMO_MODEL_URL: `http://127.0.0.1:${ports.demoModel}/v1` };
  const service = (name: keyof typeof ADMIN_PORTS, env: Record<string, string>): Recipe => ({
    name,
    isReady,
    command: () => nodeCommand(name, settings, { REDIS_URL: redisUrl, ADMIN_PORT: String(ports.admin[name]), ...env }),
  });
  const gateway: Recipe = {
    ...service("gateway", demo),
    command: async (wasReady) => {
      // Somebody may have taken the port since it was chosen; once people know the address it stays.
      if (!wasReady && !settings.isPortChosen) ports.gateway = await nextFreePort(ports.gateway, settings.gatewayHost);
      const env = { ...demo, GATEWAY_HOST: settings.gatewayHost, GATEWAY_PORT: String(ports.gateway) };
      return nodeCommand("gateway", settings, { REDIS_URL: redisUrl, ADMIN_PORT: String(ports.admin.gateway), ...env });
    },
  };
  const demoModel: Recipe = {
    name: "demo-model",
    isReady,
    command: () => nodeCommand("demo-model", settings, { DEMO_MODEL_PORT: String(ports.demoModel), ADMIN_PORT: "0" }),
  };
  return [gateway, service("worker", model), service("tool-runner", {}), ...(settings.isDemo ? [demoModel] : [])];
}

function nodeCommand(app: string, settings: Settings, env: Record<string, string>): Command {
  const watch = settings.isWatching ? ["--watch", "--watch-preserve-output"] : [];
  return {
    file: process.execPath,
    args: [...watch, "--conditions=source", join("apps", app, "src", "main.ts")],
    cwd: ROOT,
    // Compiled sources are kept, which shortens every start but the first. Who presses Ctrl-C does not want to wait long.
    env: { NODE_COMPILE_CACHE: join(ROOT, ".cache", "compile"), HOLDFAST_SHUTDOWN_MS: "5000", ...process.env, ...env },
  };
}
