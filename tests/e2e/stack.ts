import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnService, startRedis, startScriptedModel, type TestRedis, type TestService } from "@holdfast/testing";

const entryOf = (app: string): string => fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url));
const EVERYTHING = fileURLToPath(
  new URL("dist/index.js", import.meta.resolve("@modelcontextprotocol/server-everything/package.json")),
);

export type ScriptedModel = Awaited<ReturnType<typeof startScriptedModel>>;

export interface StackOptions {
  /** More lines of the agent `assistant` in holdfast.yaml, indented by four. */
  readonly agent?: string;
  readonly webDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The real services on a real Redis with AOF, and a model that says what the test scripts. */
export class Stack {
  readonly redis: TestRedis;
  readonly model: ScriptedModel;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #services = new Set<TestService>();
  #url = "";

  private constructor(redis: TestRedis, model: ScriptedModel, folder: string, env: Readonly<Record<string, string>>) {
    this.redis = redis;
    this.model = model;
    this.#folder = folder;
    this.#env = env;
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-stack-"));
    const [redis, model] = await Promise.all([startRedis({ aof: true }), startScriptedModel()]);
    await writeFile(join(folder, "holdfast.yaml"), configuration(options.agent ?? ""));
    const env = {
      REDIS_URL: redis.url,
      HOLDFAST_CONFIG: join(folder, "holdfast.yaml"),
      OPENAI_BASE_URL: model.url,
      OPENAI_API_KEY: "test-key",
      ADMIN_PORT: "0",
      HOLDFAST_MODEL_RETRY_BASE_MS: "20",
      ...(options.webDir === undefined ? {} : { HOLDFAST_WEB_DIR: options.webDir }),
      ...options.env,
    };
    const stack = new Stack(redis, model, folder, env);
    await Promise.all([stack.startGateway(), stack.startService("worker"), stack.startService("tool-runner")]);
    return stack;
  }

  /** Of the gateway started last. */
  get url(): string {
    return this.#url;
  }

  async startGateway(port = "0"): Promise<TestService> {
    const service = await this.startService("gateway", { GATEWAY_PORT: port });
    this.#url = String((await service.waitForReady())["url"]);
    return service;
  }

  async startService(
    app: "gateway" | "worker" | "tool-runner",
    env: Record<string, string> = {},
  ): Promise<TestService> {
    const service = spawnService({ name: app, entry: entryOf(app), env: { ...this.#env, ...env } });
    this.#services.add(service);
    await service.waitForReady();
    return service;
  }

  /** Error lines that any service logged. */
  errors(): string[] {
    const lines = [...this.#services].flatMap((service) => service.logs);
    return lines.filter((line) => line["level"] === "error").map((line) => JSON.stringify(line));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#services].map((service) => service.stop().catch(() => undefined)));
    await Promise.all([this.redis.stop(), this.model.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const configuration = (agent: string): string => `agents:
  assistant:
    model: scripted
    instructions: Answer.
    tools: [terminal, everything]
${agent}
mcpServers:
  everything: { command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(EVERYTHING)}] }
terminal: { allow: [echo, ls, sleep], workspace: ./workspace }
`;
