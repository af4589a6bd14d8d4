import type { RunningSystem } from "./system.ts";

export function startDirect(modelUrl: string): Promise<RunningSystem> {
  return Promise.resolve({
    url: modelUrl,
    processes: {},
    redisUrl: undefined,
    killCaller() {
      throw new Error("nobody stands between the client and the model");
    },
    stop: () => Promise.resolve(),
  });
}
