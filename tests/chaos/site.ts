import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until } from "@holdfast/testing";
import { type App, type Member, Stack } from "../e2e/stack.ts";
import { Director } from "./director.ts";
import { RedisEyes } from "./redis-eyes.ts";
import { StrictReader } from "./strict-reader.ts";

const LEDGER_SERVER = fileURLToPath(new URL("fixtures/ledger-server.ts", import.meta.url));

const MOST_SERVER_STARTS = 4;
/** After Redis was away nobody is thought dead for five seconds, or its restart would look like everybody's death. */
const REST_MS = 6_000;

interface OfferedToolset {
  readonly toolset: string;
  readonly servers?: readonly { readonly state: string; readonly pid?: number }[];
}

export interface SiteOptions {
  readonly count?: Readonly<Partial<Record<App, number>>>;
  /** Milliseconds between two words of the model. */
  readonly wordMs?: number;
  /** The ledger speaks the newer of the protocol's two eras, in which calls beside each other may ask. */
  readonly isModern?: boolean;
  /** See StackOptions. */
  readonly isTroubled?: boolean;
}

/** The services that the kill matrix kills: at least two of each, so that somebody can take over. */
export class Site {
  readonly stack: Stack;
  readonly director: Director;
  readonly eyes: RedisEyes;
  /** performance.now() until which nobody is thought dead, because Redis was away. */
  restsUntilMs = 0;

  private constructor(stack: Stack, director: Director) {
    this.stack = stack;
    this.director = director;
    this.eyes = new RedisEyes(stack.redis.url);
    stack.model.script((request) => director.answer(request));
  }

  static async start({ count, wordMs, isModern = false, isTroubled = false }: SiteOptions = {}): Promise<Site> {
    const stack = await Stack.start({
      count: { gateway: 2, worker: 2, "tool-runner": 2, ...count },
      configuration: configuration(isModern),
      isTroubled,
      onMemory: true,
      // The strict reader counts every token: none may be compacted away under it.
      env: { HOLDFAST_COMPACT_GRACE_MS: "3600000", HOLDFAST_HEARTBEAT_MS: "2000" },
    });
    const site = new Site(stack, new Director(wordMs));
    await site.settle();
    return site;
  }

  /** A reader of one of its conversations. */
  reader(): StrictReader {
    return new StrictReader(this.director.isSamplePrefix);
  }

  get gateways(): readonly string[] {
    return this.stack.members("gateway").map(({ url }) => url);
  }

  /** Path of a file in the site's folder. */
  file(name: string): string {
    return join(this.stack.folder, name);
  }

  member(app: App, instance: string | undefined): Member | undefined {
    return this.stack.members(app).find((one) => one.instance === instance);
  }

  /** Resolves when the tools are on offer and every gateway serves. */
  async settle(): Promise<void> {
    await Promise.all(this.stack.members("tool-runner").map((runner) => this.#relieve(runner)));
    for (const url of this.gateways) {
      const isReady = async (): Promise<boolean> => (await fetch(`${url}/ready`)).ok;
      await until(isReady, { timeoutMs: 60_000, what: `${url} is ready` });
      await until(() => this.#offersLedger(url), { timeoutMs: 60_000, what: `${url} offers every runner's ledger` });
    }
  }

  /** A server that has been started is not one that has been connected to, and a runner's death is another cell. */
  async #offersLedger(url: string): Promise<boolean> {
    const { data } = (await (await fetch(`${url}/v1/tools`)).json()) as { data: OfferedToolset[] };
    const servers = data.find(({ toolset }) => toolset === "ledger")?.servers ?? [];
    const pids = new Set(servers.filter(({ state }) => state === "ready").map(({ pid }) => pid));
    return this.stack.members("tool-runner").every((runner) => pids.has(this.ledgerServerOf(runner)));
  }

  async startRedisAgain(): Promise<void> {
    await this.stack.redis.restart();
    this.restsUntilMs = performance.now() + REST_MS;
  }

  /** Resolves when the death of a process shows as soon as it should: a cell measures one fault, not two. */
  async rested(): Promise<void> {
    const waitMs = this.restsUntilMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
  }

  /** How often the ledger was booked, and the terminal's command ran, for a message. */
  executionsFor(conversationId: string, messageId: string): { ledger: number; terminal: number } {
    const ledger = linesOf(this.file("ledger")).filter((line) => line.startsWith(`${messageId} `)).length;
    const terminal = namesIn(this.file(`workspace/${conversationId}`)).filter((name) =>
      name.startsWith(`once-${messageId}-`),
    ).length;
    return { ledger, terminal };
  }

  /** What the ledger recorded of a message: how often it asked a human, and with which answers it booked after that. */
  askedFor(messageId: string): { times: number; booked: string[] } {
    const lines = linesOf(this.file("ledger")).map((line) => line.split(" "));
    return {
      times: lines.filter(([word, entry]) => word === "asked" && entry === messageId).length,
      booked: lines.flatMap(([entry, , answer]) => (entry === messageId && answer ? [answer] : [])),
    };
  }

  /** Process id of the ledger server that a tool-runner started last. */
  ledgerServerOf(runner: Member): number | undefined {
    const last = linesOf(this.file("pids")).findLast((line) => line.endsWith(` ${runner.service.pid}`));
    return last === undefined ? undefined : Number(last.split(" ")[0]);
  }

  /**
   * A server that died is started again when a call needs it, and after five deaths rightly not for a minute. Here it is to
   * be there to be killed again, so its runner is replaced.
   */
  async #relieve(runner: Member): Promise<void> {
    const starts = linesOf(this.file("pids")).filter((line) => line.endsWith(` ${runner.service.pid}`)).length;
    const isServing = (): boolean => isAlive(this.ledgerServerOf(runner));
    if (starts >= MOST_SERVER_STARTS || (starts > 0 && !isServing())) {
      await runner.service.stop();
      await this.stack.revive(runner);
    }
    await until(isServing, { timeoutMs: 60_000, what: `tool-runner ${runner.service.pid} has a ledger server` });
  }

  async stop(): Promise<void> {
    this.eyes.close();
    for (const service of this.stack.services) service.kill("SIGCONT");
    await this.stack.stop();
  }
}

export function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

// Budgets far above what a cell needs: what a kill costs must not end a run.
const configuration = (isModern: boolean): string => `agents:
  assistant:
    model: scripted
    instructions: Answer.
    tools: [terminal, ledger]
    approvals: { terminal: never, ledger: never }
  careful:
    model: scripted
    instructions: Answer.
    tools: [terminal, ledger]
    approvals: { terminal: never, ledger: always }
mcpServers:
  ledger:
    command: ${JSON.stringify(process.execPath)}
    args: [--disable-warning=ExperimentalWarning, ${JSON.stringify(LEDGER_SERVER)}, --ledger, ledger, --pids, pids${isModern ? ", --modern" : ""}]
    holdfast: { concurrency: 64 }
terminal: { allow: [mktemp, sleep], workspace: ./workspace }
`;
