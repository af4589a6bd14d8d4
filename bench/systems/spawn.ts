import { fileURLToPath } from "node:url";
import { spawnService, type TestService } from "@holdfast/testing";

const READY_MS = 60_000;

export interface Spawned {
  readonly service: TestService;
  /** From its ready line; empty where it listens nowhere. */
  readonly url: string;
}

/** Starts one process from its source, `entry` relative to bench/; resolves when it says that it is ready. */
export async function spawnReady(name: string, entry: string, env: Record<string, string>): Promise<Spawned> {
  const path = fileURLToPath(new URL(`../${entry}`, import.meta.url));
  const service = spawnService({ name, entry: path, env: { NODE_ENV: "production", ...env } });
  const ready = await service.waitForReady(READY_MS);
  return { service, url: ready.url ?? "" };
}

/** Processes are made for the run alone: nothing of theirs is worth waiting for. */
export async function endAll(spawned: readonly Spawned[]): Promise<void> {
  for (const { service } of spawned) service.kill("SIGKILL");
  await Promise.all(spawned.map(({ service }) => service.exit));
}
