import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  freePort,
  type Partition,
  spawnService,
  startPartition,
  startRedis,
  startScriptedModel,
  type TestRedis,
  type TestService,
} from "@holdfast/testing";

export type App = "gateway" | "worker" | "tool-runner";
export type ScriptedModel = Awaited<ReturnType<typeof startScriptedModel>>;

export interface StackOptions {
  /** More lines of the agent `assistant` in holdfast.yaml, indented by four. */
  readonly agent?: string;
  /** holdfast.yaml as a whole, instead of the one that tests share. */
  readonly configuration?: string;
  /** How many of each service; default one. */
  readonly count?: Readonly<Partial<Record<App, number>>>;
  readonly webDir?: string;
  /** Puts a network between the services and Redis that the test can cut, and gives every service an admin port. */
  readonly isTroubled?: boolean;
  /** Redis's data on a memory file system: see RedisOptions.onMemory. */
  readonly onMemory?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A place in the stack for one process of a service: who dies is started again in the same place. */
export interface Member {
  readonly app: App;
  /** The process that stands here now. */
  readonly service: TestService;
  /** Where a gateway listens; the same after it was started again. */
  readonly url: string;
  /** Where it says how it is; empty unless the stack is troubled. */
  readonly adminUrl: string;
  /** As the bus knows the process: owner of runs, consumer of queues. */
  readonly instance: string;
}

/** Longer than any start needs on an idle machine: many start at once on a busy one. */
const READY_MS = 60_000;

const entryOf = (app: App): string => fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url));

/** The real services on a real Redis with AOF, and a model that says what the test scripts. */
export class Stack {
  readonly redis: TestRedis;
  /** What a troubled stack reaches Redis through. */
  readonly network: Partition | undefined;
  readonly model: ScriptedModel;
  /** Holds holdfast.yaml and, below it, the terminal's workspace. */
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #places: Place[] = [];
  readonly #services: TestService[] = [];

  private constructor(parts: Parts, env: Readonly<Record<string, string>>) {
    this.redis = parts.redis;
    this.network = parts.network;
    this.model = parts.model;
    this.folder = parts.folder;
    this.#env = env;
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-stack-"));
    const [redis, model] = await Promise.all([
      startRedis({ aof: true, onMemory: options.onMemory ?? false }),
      startScriptedModel(),
    ]);
    const network = options.isTroubled ? await startPartition(redis.port) : undefined;
    await writeFile(join(folder, "holdfast.yaml"), options.configuration ?? configuration(options.agent ?? ""));
    const env = {
      REDIS_URL: network ? `redis://127.0.0.1:${network.port}` : redis.url,
      HOLDFAST_CONFIG: join(folder, "holdfast.yaml"),
      OPENAI_BASE_URL: model.url,
      OPENAI_API_KEY: "test-key",
      HOLDFAST_MODEL_RETRY_BASE_MS: "20",
      ...(options.webDir === undefined ? {} : { HOLDFAST_WEB_DIR: options.webDir }),
      ...options.env,
    };
    const stack = new Stack({ redis, network, model, folder }, env);
    const apps = (["gateway", "worker", "tool-runner"] as const).flatMap((app) =>
      Array.from({ length: options.count?.[app] ?? 1 }, () => app),
    );
    await Promise.all(apps.map((app) => stack.add(app)));
    return stack;
  }

  /** Of the first gateway. */
  get url(): string {
    return this.members("gateway")[0]?.url ?? "";
  }

  members(app: App): readonly Member[] {
    return this.#places.filter((place) => place.app === app);
  }

  async add(app: App): Promise<Member> {
    const adminPort = this.network ? String(await freePort()) : "0";
    const place = { app, service: this.#spawn(app, "0", adminPort), url: "", adminUrl: "", instance: "", adminPort };
    this.#places.push(place);
    await this.#settle(place);
    return place;
  }

  /** Starts the service of a place again, after its process has ended; resolves when it is ready. */
  async revive(member: Member): Promise<void> {
    const place = this.#places.find((one) => one === member);
    if (!place) throw new Error("that is no member of this stack");
    await place.service.exit;
    place.service = this.#spawn(place.app, place.url === "" ? "0" : new URL(place.url).port, place.adminPort);
    await this.#settle(place);
  }

  /** Error lines that any service logged. */
  errors(): string[] {
    const lines = this.#services.flatMap((service) => service.logs);
    return lines.filter((line) => line["level"] === "error").map((line) => JSON.stringify(line));
  }

  /** Every process that ever ran here, in the order they were started. */
  get services(): readonly TestService[] {
    return this.#services;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop().catch(() => undefined)));
    await Promise.all([this.network?.stop(), this.redis.stop(), this.model.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(app: App, port: string, adminPort: string): TestService {
    const env = { ...this.#env, ADMIN_PORT: adminPort, ...(app === "gateway" ? { GATEWAY_PORT: port } : {}) };
    const service = spawnService({ name: app, entry: entryOf(app), env });
    this.#services.push(service);
    return service;
  }

  async #settle(place: Place): Promise<void> {
    const ready = await place.service.waitForReady(READY_MS);
    place.url = ready.url ?? "";
    place.adminUrl = place.adminPort === "0" ? "" : `http://127.0.0.1:${place.adminPort}`;
    const { instance } = ready;
    place.instance = typeof instance === "string" ? instance : "";
  }
}

interface Place extends Member {
  service: TestService;
  url: string;
  adminUrl: string;
  instance: string;
  readonly adminPort: string;
}

interface Parts {
  readonly redis: TestRedis;
  readonly network: Partition | undefined;
  readonly model: ScriptedModel;
  readonly folder: string;
}

const EVERYTHING = fileURLToPath(
  new URL("dist/index.js", import.meta.resolve("@modelcontextprotocol/server-everything/package.json")),
);

const configuration = (agent: string): string => `agents:
  assistant:
    model: scripted
    instructions: Answer.
    tools: [terminal, everything]
${agent === "" ? "    approvals: { terminal: never, everything: never }" : agent}
mcpServers:
  everything: { command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(EVERYTHING)}] }
terminal: { allow: [echo, ls, sleep], workspace: ./workspace }
`;
