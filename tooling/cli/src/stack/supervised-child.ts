/**
 * One process of the stack, kept alive. It is started in a process group of its own, so that the terminal's Ctrl-C does not
 * reach it before its turn. When it dies it is started again, after a pause that grows while it keeps dying. Two deaths are
 * final: a configuration problem (exit 78), which another try cannot mend, and dying several times before it was ever ready.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { signalGroup } from "./processes.ts";

const EX_CONFIG = 78;
const TRIES_BEFORE_READY = 5;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const HEALTHY_MS = 20_000; // Alive for so long, the next death is a first one again.
const REMEMBERED_LINES = 30;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface Recipe {
  readonly name: string;
  /** Its output is shown only when it cannot be kept alive. */
  readonly isQuiet?: boolean;
  /** Asked before every start, so that a port lost to somebody else can be replaced before the first ready. */
  command(wasReady: boolean): Command | Promise<Command>;
  /** Whether this line of output says that the process serves. */
  isReady?(line: string): boolean;
  /** Asks the process itself instead: resolves true when it serves, false once `isOver()`. */
  probe?(isOver: () => boolean): Promise<boolean>;
}

export interface Surroundings {
  /** Called with every line of output. */
  readonly line: (name: string, line: string) => void;
  readonly notice: (text: string) => void;
  /** Called whenever a process group begins or ends. */
  readonly groupsChanged: () => void;
}

/** The stack cannot run: `exitCode` is the one the whole program ends with. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The pause before start number `deaths + 1`. */
export const pauseAfter = (deaths: number): number => Math.min(FIRST_PAUSE_MS * 2 ** (deaths - 1), LONGEST_PAUSE_MS);

export class SupervisedChild {
  readonly name: string;
  readonly #recipe: Recipe;
  readonly #around: Surroundings;
  #child: ChildProcess | undefined;
  #isStopping = false;
  #wasReady = false;
  #lines: string[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<never>();
  readonly #stopped = new AbortController();

  constructor(recipe: Recipe, around: Surroundings) {
    this.name = recipe.name;
    this.#recipe = recipe;
    this.#around = around;
    // Whoever does not wait for the end must not see an unhandled rejection of it.
    this.#ended.promise.catch(() => {});
  }

  /** The process group, undefined while it does not run. */
  get group(): number | undefined {
    return this.#child?.pid;
  }

  /** Rejects with GivenUp when the child cannot be kept alive. */
  get ended(): Promise<never> {
    return this.#ended.promise;
  }

  /** Resolves when the process serves for the first time. Rejects with GivenUp. */
  start(): Promise<void> {
    void this.#keepAlive().catch((error: unknown) => this.#ended.reject(error));
    return Promise.race([this.#ready.promise, this.#ended.promise]);
  }

  /** Asks the process to end and, after `patienceMs`, kills its whole group. Resolves when it is gone. */
  async stop(patienceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#stopped.abort();
    const child = this.#child;
    if (!child) return;
    const exit = once(child, "exit");
    child.kill("SIGTERM"); // To the process alone: in watch mode it passes the signal on, and a second one would be a kill.
    const timer = setTimeout(() => signalGroup(child, "SIGKILL"), patienceMs);
    await exit;
    clearTimeout(timer);
    signalGroup(child, "SIGKILL");
  }

  async #keepAlive(): Promise<void> {
    for (let deaths = 1; ; deaths += 1) {
      const began = Date.now();
      const cause = await this.#runOnce();
      if (this.#isStopping) return;
      if (cause === `exit code ${EX_CONFIG}`) throw this.#givenUp("has a configuration problem", EX_CONFIG);
      if (!this.#wasReady && deaths >= TRIES_BEFORE_READY) throw this.#givenUp(`does not start (${cause})`, 1);
      if (Date.now() - began > HEALTHY_MS) deaths = 1;
      const pauseMs = pauseAfter(deaths);
      this.#around.notice(`${this.name} ended (${cause}); it starts again in ${pauseMs / 1000} s`);
      await delay(pauseMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
      if (this.#isStopping) return;
    }
  }

  /** Starts the process and resolves with the cause of its end. */
  async #runOnce(): Promise<string> {
    const { file, args, env, cwd } = await this.#recipe.command(this.#wasReady);
    if (this.#isStopping) return "stopped";
    this.#lines = [];
    const child = spawn(file, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env, cwd });
    const end = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.#child = child;
    this.#around.groupsChanged();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#hear(line));
    }
    const isOver = () => this.#child !== child;
    void this.#recipe.probe?.(isOver).then((serves) => serves && this.#becomeReady());
    const cause = await end;
    this.#child = undefined;
    this.#around.groupsChanged();
    return cause;
  }

  #hear(line: string): void {
    this.#lines = [...this.#lines.slice(1 - REMEMBERED_LINES), line];
    if (this.#recipe.isReady?.(line)) this.#becomeReady();
    else if (!this.#recipe.isQuiet) this.#around.line(this.name, line);
  }

  #becomeReady(): void {
    this.#wasReady = true;
    this.#ready.resolve();
  }

  #givenUp(what: string, exitCode: number): GivenUp {
    const unseen = this.#recipe.isQuiet ? this.#lines.map((line) => `    ${line}`) : [];
    return new GivenUp([`${this.name} ${what}`, ...unseen].join("\n"), exitCode);
  }
}
