/**
 * The processes of the stack and what each is told (protocol §6.2): all of it by environment, as in any deployment.
 * Starting order does not matter, each waits for what it needs; stopping goes from the outside in.
 */
import { join } from "node:path";
import { parseLogLine } from "../console/log-lines.ts";
import { ROOT } from "../project.ts";
import type { Settings } from "../settings.ts";
import type { Service, ServicePorts } from "./service-ports.ts";
import type { Command, Recipe } from "./supervised-child.ts";

type Variables = Readonly<Record<string, string>>;

const isReady = (line: string) => parseLogLine(line)?.message === "ready";

/** The services in the order in which they are stopped. */
export function serviceRecipes(settings: Settings, ports: ServicePorts, redisUrl: string): Recipe[] {
  const service = (name: Service, variables: () => Variables): Recipe => ({
    name,
    isReady,
    command: async (wasReady) => {
      if (!wasReady) await ports.lookAgain(name);
      const common = { REDIS_URL: redisUrl, ADMIN_PORT: String(ports.admin[name]) };
      return nodeCommand(name, settings, { ...common, ...variables() });
    },
  });
  const gateway = service("gateway", () => ({
    GATEWAY_HOST: settings.gatewayHost,
    GATEWAY_PORT: String(ports.gateway),
    ...(settings.isDemo ? { HOLDFAST_DEMO: "1" } : {}),
  }));
  const worker = service("worker", () => ({ HOLDFAST_DEMO_MODEL_URL: `http://127.0.0.1:${ports.demoModel}/v1` }));
  const demoModel: Recipe = {
    name: "demo-model",
    isReady,
    command: () => nodeCommand("demo-model", settings, { DEMO_MODEL_PORT: String(ports.demoModel) }),
  };
  return [gateway, worker, service("tool-runner", () => ({})), ...(settings.isDemo ? [demoModel] : [])];
}

function nodeCommand(app: string, settings: Settings, variables: Variables): Command {
  const watch = settings.isWatching ? ["--watch", "--watch-preserve-output"] : [];
  const defaults = {
    // Compiled sources are kept, which shortens every start but the first.
    NODE_COMPILE_CACHE: join(ROOT, ".cache", "compile"),
    // Who presses Ctrl-C does not want to wait long; what is cut short goes on at the next start.
    HOLDFAST_SHUTDOWN_MS: "5000",
  };
  return {
    file: process.execPath,
    args: [...watch, "--conditions=source", join("apps", app, "src", "main.ts")],
    cwd: ROOT,
    env: { ...defaults, ...process.env, ...variables },
  };
}
