import type { Processes } from "../measure/meter.ts";

export const SYSTEMS = ["direct", "naive", "bull", "holdfast"] as const;
export type SystemName = (typeof SYSTEMS)[number];

export interface Setup {
  readonly system: SystemName;
  /** Processes that call the model, where the system has them apart. */
  readonly workers: number;
  /** Where its processes leave a CPU profile each; absent: they leave none. */
  readonly profiles?: string | undefined;
}

/** A system that serves. */
export interface RunningSystem {
  /** Where clients speak to it. */
  readonly url: string;
  /** Everything whose CPU and memory it costs; the model is not among it. */
  readonly processes: Processes;
  readonly redisUrl: string | undefined;
  /** SIGKILLs a process that calls the model. What a supervisor would start again is started again. */
  killCaller(): void;
  stop(): Promise<void>;
}

/** Answers at once in one worker: more than any workload has, for every system that has such a limit. */
export const MOST_RUNS = 1_200;

/** `worker`, `worker-2`, `worker-3` … */
export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? name : `${name}-${index + 1}`));
}
