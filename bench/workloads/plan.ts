import type { SystemName } from "../systems/system.ts";
import type { Workload } from "./workloads.ts";

/** One system at one workload, once. */
export interface Cell {
  readonly workload: Workload;
  readonly system: SystemName;
  /** Counted from 1. */
  readonly rep: number;
}

/**
 * Systems take turns (A B C D A B C D), so that a machine that slows down or warms up does so for all of them. A quick run
 * starts every system once and has it do all its work.
 */
export function planOf(
  workloads: readonly Workload[],
  systems: readonly SystemName[],
  reps: number,
  isQuick: boolean,
): Cell[] {
  const rounds = Array.from({ length: reps }, (_, index) => index + 1);
  const cell = (workload: Workload, system: SystemName, rep: number): Cell[] =>
    workload.systems.includes(system) ? [{ workload, system, rep }] : [];
  return isQuick
    ? rounds.flatMap((rep) => systems.flatMap((system) => workloads.flatMap((one) => cell(one, system, rep))))
    : workloads.flatMap((one) => rounds.flatMap((rep) => systems.flatMap((system) => cell(one, system, rep))));
}
