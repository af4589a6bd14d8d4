/** Everything `npm start` runs, as one thing that starts and stops. */
import { relative } from "node:path";
import { formatLogLine } from "../console/log-lines.ts";
import { progress } from "../console/progress.ts";
import { buildPage, watchPage } from "../page/build-page.ts";
import { findRedis, type RedisSource } from "../redis/find-redis.ts";
import { forgetRedis, recordRedis, stopLeftoverRedis } from "../redis/leftover.ts";
import { machineProbes } from "../redis/machine-probes.ts";
import { privateRedis, stopLeftoverContainer } from "../redis/private-redis.ts";
import { problemWith } from "../redis/reachable.ts";
import { ROOT } from "../project.ts";
import type { Settings } from "../settings.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import { signalGroup } from "./processes.ts";
import { type Service, ServicePorts } from "./service-ports.ts";
import { serviceRecipes } from "./services.ts";
import { GivenUp, type Recipe, SupervisedChild } from "./supervised-child.ts";

/** Services drain within their own limit (HOLDFAST_SHUTDOWN_MS, here 5 s); past this they hang. */
const PATIENCE_MS = 8000;
const WATCHER = "page";

export class Stack {
  isStopping = false;
  readonly #settings: Settings;
  readonly #keeper: Keeper = startKeeper();
  readonly #ended = Promise.withResolvers<never>();
  /** In the order in which they are stopped; Redis, when it is ours, comes after all of them. */
  readonly #services: SupervisedChild[] = [];
  #redis: SupervisedChild | undefined;
  #forgetRedis = () => {};

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Rejects when a process cannot be kept alive. */
  get ended(): Promise<never> {
    return this.#ended.promise;
  }

  /** Resolves with the address of the page once everything serves. Rejects with the reason when something cannot. */
  async start(): Promise<string> {
    const settings = this.#settings;
    const page = this.#makePage();
    page.catch(() => {}); // Awaited below, when Redis is there.
    const [ports, redisUrl] = await Promise.all([ServicePorts.choose(settings), this.#startRedis()]);
    const recipes = serviceRecipes(settings, ports, redisUrl);
    await Promise.all([page, ...recipes.map((recipe) => this.#startService(recipe, ports))]);
    if (settings.isWatching) void this.#startChild({ name: WATCHER, command: watchPage });
    return gatewayUrl(settings, ports);
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    for (const service of this.#services) await service.stop(PATIENCE_MS);
    await this.#redis?.stop(PATIENCE_MS);
    this.#forgetRedis();
    this.#keeper.release();
  }

  /** Ends everything now. What was accepted is safe: Redis' file and the next start's redelivery see to it. */
  kill(): void {
    for (const { group } of this.#services) signalGroup({ pid: group }, "SIGKILL");
    signalGroup({ pid: this.#redis?.group }, "SIGTERM");
  }

  async #makePage(): Promise<void> {
    const tookMs = await buildPage();
    progress.done("page", tookMs === 0 ? "up to date" : `built in ${(tookMs / 1000).toFixed(1)} s`);
  }

  async #startRedis(): Promise<string> {
    const onFetch = (what: string) => progress.busy("redis", what);
    const source = await findRedis(machineProbes(process.env["REDIS_URL"], onFetch));
    if (source.kind === "none") throw new GivenUp(source.help, 1);
    if (source.kind === "url") {
      const problem = await problemWith(source.url);
      if (problem !== undefined) throw new GivenUp(problem, 1);
      progress.done("redis", "REDIS_URL");
      return source.url;
    }
    return this.#startPrivateRedis(source);
  }

  async #startPrivateRedis(source: Exclude<RedisSource, { kind: "url" | "none" }>): Promise<string> {
    const redis = privateRedis(source, this.#settings.dataDirectory);
    if (source.kind === "docker") stopLeftoverContainer(redis.directory);
    if (await stopLeftoverRedis(redis.directory))
      progress.warn("stopped the Redis of an earlier start that was killed");
    const child = this.#supervise(redis.recipe, () => {
      const pid = this.#redis?.group;
      if (pid !== undefined) recordRedis(redis.directory, { pid, port: redis.port() });
    });
    this.#redis = child;
    this.#forgetRedis = () => forgetRedis(redis.directory);
    await child.start();
    const what = source.kind === "docker" ? "in Docker" : source.version;
    progress.done("redis", `${what} on 127.0.0.1:${redis.port()}, kept in ${fromRoot(redis.directory)}`);
    return `redis://127.0.0.1:${redis.port()}`;
  }

  async #startService(recipe: Recipe, ports: ServicePorts): Promise<void> {
    await this.#startChild(recipe);
    const admin = ports.admin[recipe.name as Service];
    progress.done(recipe.name, admin ? `metrics on 127.0.0.1:${admin}/metrics` : "");
  }

  #startChild(recipe: Recipe): Promise<void> {
    const child = this.#supervise(recipe);
    this.#services.push(child);
    return child.start();
  }

  #supervise(recipe: Recipe, onChange?: () => void): SupervisedChild {
    // What begins after the stop would be stopped by nobody.
    if (this.isStopping) throw new GivenUp("stopped while starting", 0);
    const child = new SupervisedChild(recipe, {
      line: (name, line) => console.log(formatLogLine(name, line)),
      notice: (text) => progress.warn(text),
      groupsChanged: () => {
        onChange?.();
        this.#tellKeeper();
      },
    });
    child.ended.catch((error: unknown) => this.#ended.reject(error));
    return child;
  }

  #tellKeeper(): void {
    const groups = (children: readonly (SupervisedChild | undefined)[]) =>
      children.map((child) => child?.group).filter((group) => group !== undefined);
    this.#keeper.update(groups(this.#services), groups([this.#redis]));
  }
}

const fromRoot = (path: string) => (path.startsWith(`${ROOT}/`) ? relative(ROOT, path) : path);

function gatewayUrl({ gatewayHost }: Settings, { gateway }: ServicePorts): string {
  const isEverywhere = gatewayHost === "0.0.0.0" || gatewayHost === "::";
  const host = isEverywhere ? "127.0.0.1" : gatewayHost;
  return `http://${host.includes(":") ? `[${host}]` : host}:${gateway}`;
}
