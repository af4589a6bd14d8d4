/**
 * Resource limits of one tool process (setrlimit). They bound each process, not their sum: memory and disk as a whole are
 * bounded by the container.
 */
import { readFileSync } from "node:fs";

export interface ToolLimits {
  /** Processor time in seconds. */
  readonly cpuSeconds: number;
  /** Address space in bytes. */
  readonly memoryBytes: number;
  /** Size of a file it may write, in bytes. */
  readonly fileBytes: number;
  readonly openFiles: number;
  /** Processes and threads of the tool's uid together. Applied only where tools have a uid of their own. */
  readonly processes: number;
}

export const DEFAULT_LIMITS: ToolLimits = {
  cpuSeconds: 120,
  // Node reserves more than 1 GiB of address space before it runs a line.
  memoryBytes: 2 * 1024 ** 3,
  fileBytes: 256 * 1024 ** 2,
  openFiles: 256,
  processes: 256,
};

/** Without privileges a limit can only be lowered, so none may ask for more than this process has. */
export function withinOwnLimits(limits: ToolLimits, ownLimits = readOwnLimits()): ToolLimits {
  const atMost = (wanted: number, kernelName: string) => Math.min(wanted, hardLimit(ownLimits, kernelName));
  return {
    cpuSeconds: atMost(limits.cpuSeconds, "Max cpu time"),
    memoryBytes: atMost(limits.memoryBytes, "Max address space"),
    fileBytes: atMost(limits.fileBytes, "Max file size"),
    openFiles: atMost(limits.openFiles, "Max open files"),
    processes: atMost(limits.processes, "Max processes"),
  };
}

function readOwnLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}

/** A line is `Max open files   <soft>   <hard>   files`. */
function hardLimit(ownLimits: string, kernelName: string): number {
  const line = ownLimits.split("\n").find((candidate) => candidate.startsWith(kernelName));
  const hard = Number(line?.slice(kernelName.length).trim().split(/\s+/)[1]);
  return Number.isFinite(hard) ? hard : Number.POSITIVE_INFINITY;
}
