import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { SpawnedWorkers } from "./spawned-workers.ts";
import { Stage } from "./stage.ts";

/** For a file of tests that start real workers: a stage and the workers over it, both cleared after each test. There from `beforeAll` on. */
export function stagedWorkers(): { readonly stage: Stage; readonly workers: SpawnedWorkers } {
  const opened: { stage?: Stage; workers?: SpawnedWorkers } = {};
  beforeAll(async () => {
    opened.stage = await Stage.open();
    opened.workers = new SpawnedWorkers(opened.stage);
  });
  afterEach(async () => {
    await opened.workers?.end();
    await opened.stage?.clear();
  });
  afterAll(() => opened.stage?.close());
  return opened as { stage: Stage; workers: SpawnedWorkers };
}
