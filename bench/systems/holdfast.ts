import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDurableRedis } from "./redis.ts";
import { endAll, spawnReady } from "./spawn.ts";
import { MOST_RUNS, numbered, type RunningSystem, type Setup } from "./system.ts";

/** No tools: a token costs the same with them, and the peers have none. */
const CONFIGURATION = `agents:
  assistant:
    model: scripted
    instructions: Answer.
    budget: { tokens_per_run: 1000000, seconds_per_run: 3600, tool_calls_per_run: 64 }
`;

/** All three services as they are deployed; the tool-runner has nothing to do, and what it costs nevertheless counts. */
export async function startHoldfast(modelUrl: string, setup: Setup): Promise<RunningSystem> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
  await writeFile(join(folder, "holdfast.yaml"), CONFIGURATION);
  const redis = await startDurableRedis();
  const env = {
    REDIS_URL: redis.url,
    HOLDFAST_CONFIG: join(folder, "holdfast.yaml"),
    OPENAI_BASE_URL: modelUrl,
    OPENAI_API_KEY: "bench",
    ADMIN_PORT: "0",
    GATEWAY_PORT: "0",
    HOLDFAST_WORKER_CONCURRENCY: String(MOST_RUNS),
    // Catching up reads what is stored token by token; nothing else here lasts long enough to meet the compaction.
    HOLDFAST_COMPACT_GRACE_MS: "3600000",
  };
  const spawnApp = (name: string, app: string) => spawnReady(name, `../apps/${app}/src/main.ts`, env, setup);
  const names = numbered("worker", setup.workers);
  const [gateway, runner, ...callers] = await Promise.all([
    spawnApp("gateway", "gateway"),
    spawnApp("tool-runner", "tool-runner"),
    ...names.map((name) => spawnApp(name, "worker")),
  ]);
  return {
    url: gateway.url,
    processes: {
      gateway: gateway.service.pid,
      ...Object.fromEntries(names.map((name, index) => [name, callers[index]?.service.pid ?? -1])),
      "tool-runner": runner.service.pid,
      redis: redis.pid,
    },
    redisUrl: redis.url,
    killCaller: () => callers[0]?.service.kill("SIGKILL"),
    async stop() {
      await endAll([gateway, runner, ...callers], setup);
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
