import { endAll, type Spawned, spawnReady } from "./spawn.ts";
import type { RunningSystem, Setup } from "./system.ts";

export async function startNaive(modelUrl: string, setup: Setup): Promise<RunningSystem> {
  const server: Spawned = await spawnReady("naive", "peers/naive-server.ts", { OPENAI_BASE_URL: modelUrl }, setup);
  return {
    url: server.url,
    processes: { server: server.service.pid },
    redisUrl: undefined,
    // Nobody has to start it again: no reader of a lost answer can come back to it.
    killCaller: () => server.service.kill("SIGKILL"),
    stop: () => endAll([server], setup),
  };
}
