import { startDurableRedis } from "./redis.ts";
import { endAll, spawnReady } from "./spawn.ts";
import { MOST_RUNS, numbered, type RunningSystem, type Setup } from "./system.ts";

export async function startBull(modelUrl: string, setup: Setup): Promise<RunningSystem> {
  const redis = await startDurableRedis();
  const env = {
    REDIS_URL: redis.url,
    OPENAI_BASE_URL: modelUrl,
    BENCH_CONCURRENCY: String(MOST_RUNS),
  };
  const names = numbered("worker", setup.workers);
  const [api, ...callers] = await Promise.all([
    spawnReady("bull api", "peers/bull-api.ts", env, setup),
    ...names.map((name) => spawnReady(`bull ${name}`, "peers/bull-worker.ts", env, setup)),
  ]);
  return {
    url: api.url,
    processes: {
      api: api.service.pid,
      ...Object.fromEntries(names.map((name, index) => [name, callers[index]?.service.pid ?? -1])),
      redis: redis.pid,
    },
    redisUrl: redis.url,
    killCaller: () => callers[0]?.service.kill("SIGKILL"),
    async stop() {
      await endAll([api, ...callers], setup);
      await redis.stop();
    },
  };
}
