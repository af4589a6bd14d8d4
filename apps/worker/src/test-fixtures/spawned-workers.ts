import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnService, type TestService } from "@holdfast/testing";
import type { Stage } from "./stage.ts";

const YAML = "agents:\n  assistant: { model: scripted-model, tools: [files], approvals: { files: never } }\n";

/** The real main.ts, over a stage's Redis and model. */
export class SpawnedWorkers {
  readonly #stage: Stage;
  readonly #services: TestService[] = [];
  readonly #folders: string[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async spawn(env: Record<string, string | undefined> = {}, yaml = YAML): Promise<TestService> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-worker-"));
    this.#folders.push(folder);
    await writeFile(join(folder, "holdfast.yaml"), yaml);
    const service = spawnService({
      name: "worker",
      entry: fileURLToPath(new URL("../main.ts", import.meta.url)),
      env: {
        REDIS_URL: this.#stage.redis.url,
        OPENAI_BASE_URL: this.#stage.model.url,
        HOLDFAST_CONFIG: join(folder, "holdfast.yaml"),
        HOLDFAST_TOOL_GRACE_MS: "500",
        HOLDFAST_MODEL_RETRY_BASE_MS: "10",
        ADMIN_PORT: "0",
        ...env,
      },
    });
    this.#services.push(service);
    return service;
  }

  async ready(env: Record<string, string | undefined> = {}): Promise<TestService> {
    const service = await this.spawn(env);
    await service.waitForReady(60_000);
    return service;
  }

  /** Kills what still runs. */
  async end(): Promise<void> {
    for (const service of this.#services) service.kill("SIGKILL");
    await Promise.all(this.#services.splice(0).map((service) => service.exit));
    await Promise.all(this.#folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  }
}
