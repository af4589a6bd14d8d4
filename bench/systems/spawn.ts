import { fileURLToPath } from "node:url";
import { spawnService, type TestService } from "@holdfast/testing";
import type { Setup } from "./system.ts";

const READY_MS = 60_000;
const ORDERLY_MS = 30_000;

export interface Spawned {
  readonly service: TestService;
  /** From its ready line; empty where it listens nowhere. */
  readonly url: string;
}

/** Starts one process from its source, `entry` relative to bench/; resolves when it says that it is ready. */
export async function spawnReady(
  name: string,
  entry: string,
  env: Record<string, string>,
  { profiles }: Pick<Setup, "profiles"> = {},
): Promise<Spawned> {
  const path = fileURLToPath(new URL(`../${entry}`, import.meta.url));
  const service = spawnService({
    name,
    entry: path,
    env: { NODE_ENV: "production", ...env, ...profiling(name, profiles) },
  });
  const ready = await service.waitForReady(READY_MS);
  return { service, url: ready.url ?? "" };
}

function profiling(name: string, folder: string | undefined): Record<string, string> {
  if (folder === undefined) return {};
  const file = `${name.replaceAll(" ", "-")}-${Date.now()}.cpuprofile`;
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-name=${file}` };
}

/** Processes are made for the run alone: nothing of theirs is worth waiting for, except a profile, written on a proper end. */
export async function endAll(spawned: readonly Spawned[], { profiles }: Pick<Setup, "profiles"> = {}): Promise<void> {
  if (profiles !== undefined) await Promise.allSettled(spawned.map(({ service }) => service.stop(ORDERLY_MS)));
  for (const { service } of spawned) service.kill("SIGKILL");
  await Promise.all(spawned.map(({ service }) => service.exit));
}
