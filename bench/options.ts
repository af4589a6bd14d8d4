import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SYSTEMS, type SystemName } from "./systems/system.ts";
import { WORKLOADS, type Workload } from "./workloads/workloads.ts";

export interface Options {
  readonly workloads: readonly Workload[];
  readonly systems: readonly SystemName[];
  readonly reps: number;
  /** Shorter and fewer, about a minute in all. */
  readonly isQuick: boolean;
  /** Every run waits for a quiet machine, and one that was disturbed nevertheless is done again. */
  readonly isPatient: boolean;
  /** Of sizes and counts; below 1 only to try the bench itself. */
  readonly scale: number;
  /** Folder of the results. */
  readonly out: string | undefined;
  /** Folder for a CPU profile of every process of the systems. */
  readonly profiles: string | undefined;
}

export const USAGE = `pnpm bench [--quick] [--patient] [--only W1,W2] [--systems naive,holdfast] [--reps N] [--scale 0.1] [--out folder] [--profile folder]
workloads: ${WORKLOADS.map(({ id }) => id).join(", ")} (a beginning names all that begin so)
systems:   ${SYSTEMS.join(", ")}`;

const FULL_REPS = 3;

/** Throws TypeError with what is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      quick: { type: "boolean", default: false },
      patient: { type: "boolean", default: false },
      only: { type: "string" },
      systems: { type: "string" },
      reps: { type: "string" },
      scale: { type: "string", default: "1" },
      out: { type: "string" },
      profile: { type: "string" },
    },
  });
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1)) throw new TypeError("--scale must be above 0 and at most 1");
  return {
    workloads: workloadsNamed(values.only, values.quick),
    systems: systemsNamed(values.systems),
    reps: repsOf(values.reps, values.quick),
    isQuick: values.quick,
    isPatient: values.patient,
    scale,
    out: values.out,
    profiles: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

function workloadsNamed(only: string | undefined, isQuick: boolean): readonly Workload[] {
  if (only === undefined)
    return WORKLOADS.filter((workload) => (isQuick ? workload.isQuick : workload.isOnRequest !== true));
  const names = only.split(",").map((name) => name.trim().toLowerCase());
  const unknown = names.find((name) => !WORKLOADS.some(({ id }) => id.toLowerCase().startsWith(name)));
  if (unknown !== undefined) throw new TypeError(`no workload is named ${unknown}`);
  return WORKLOADS.filter(({ id }) => names.some((name) => id.toLowerCase().startsWith(name)));
}

function systemsNamed(text: string | undefined): readonly SystemName[] {
  if (text === undefined) return SYSTEMS;
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !SYSTEMS.some((system) => system === name));
  if (unknown !== undefined) throw new TypeError(`no system is named ${unknown}`);
  return SYSTEMS.filter((system) => names.includes(system));
}

function repsOf(text: string | undefined, isQuick: boolean): number {
  if (text === undefined) return isQuick ? 1 : FULL_REPS;
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError("--reps must be a whole number of at least 1");
  return Number(text);
}
