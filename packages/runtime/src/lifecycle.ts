import type { Logger } from "@holdfast/telemetry";
import { ConfigError, exitWith } from "./config-error.ts";

/*
 * A process from start to exit.
 *
 * Whoever opens a resource hands its close function to `own` at that moment. Shutdown closes in reverse order, so what was
 * built on a resource is gone before the resource is. A process that is told to stop, or fails, halfway through its start
 * runs the same stack; a resource opened after that is closed as soon as it is handed over.
 *
 * Exit codes (protocol §7.2): 0 after draining on SIGTERM or SIGINT; 1 on a second signal, past the time allowed for
 * shutdown, or when the start fails; 78 when it fails for its configuration. An unhandled rejection or exception ends the
 * process at once with 1 and closes nothing: what it was doing is unknown, and redelivery to another process is what
 * correctness rests on.
 */

type Close = () => Promise<void> | void;

export interface RunOptions<T> {
  readonly logger: Logger;
  /** Time for draining, in ms (HOLDFAST_SHUTDOWN_MS). */
  readonly shutdownMs: number;
  /** Called once with what `start` gave; default logs `ready`. */
  readonly ready?: (started: T) => void;
}

export class Lifecycle {
  readonly #releasers: { readonly name: string; readonly close: Close }[] = [];
  readonly #stopping = new AbortController();
  #logger: Logger | undefined;
  #closing = "";
  #shutdown: Promise<void> | undefined;

  /** Aborted when shutdown begins; its reason is the one given to `shutdown`. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Has `close` called at shutdown, before everything owned earlier. */
  own(name: string, close: Close): void {
    this.#releasers.push({ name, close });
    if (this.#stopping.signal.aborted) this.#shutdown = this.#releaseAll(this.#shutdown);
  }

  /** Closes everything, once; later calls wait for the same end. Never rejects: a close that fails is logged and passed over. */
  shutdown(reason: string): Promise<void> {
    if (this.#shutdown === undefined) {
      this.#stopping.abort(reason);
      this.#logger?.info("stopping", { reason });
      this.#shutdown ??= this.#releaseAll();
    }
    return this.#shutdown;
  }

  /** Starts the process and keeps it until a signal. Resolves when it is ready, or when its start was cut short by a signal. */
  async run<T>(start: () => Promise<T> | T, { logger, shutdownMs, ready }: RunOptions<T>): Promise<void> {
    this.#logger = logger;
    this.#handleCrashes(logger);
    this.#handleSignals(logger, shutdownMs);
    try {
      const started = await start();
      if (this.signal.aborted) return;
      if (ready) ready(started);
      else logger.info("ready");
    } catch (error) {
      // Once stopping, the start fails because its resources are being closed; the signal decides the exit code.
      if (!this.signal.aborted) await this.#giveUp(error, logger, shutdownMs);
    }
  }

  async #releaseAll(earlier?: Promise<void>): Promise<void> {
    await earlier;
    for (let next = this.#releasers.pop(); next !== undefined; next = this.#releasers.pop()) {
      this.#closing = next.name;
      try {
        await next.close();
      } catch (error) {
        this.#logger?.error("could not close", { resource: next.name, error });
      }
    }
  }

  #handleSignals(logger: Logger, shutdownMs: number): void {
    const onSignal = (signal: NodeJS.Signals) => {
      if (this.signal.aborted) {
        logger.warn("stopped without draining", { reason: `second signal: ${signal}`, closing: this.#closing });
        process.exit(1);
      }
      this.#exitWhenClosed(signal, 0, logger, shutdownMs);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  }

  #exitWhenClosed(reason: string, code: number, logger: Logger, shutdownMs: number): void {
    const late = () => {
      logger.error("stopped without draining", {
        reason: `not closed within ${shutdownMs} ms`,
        closing: this.#closing,
      });
      process.exit(1);
    };
    const timer = setTimeout(late, shutdownMs);
    void this.shutdown(reason).then(() => {
      clearTimeout(timer);
      logger.info("stopped", { reason });
      process.exit(code);
    });
  }

  async #giveUp(error: unknown, logger: Logger, shutdownMs: number): Promise<void> {
    if (error instanceof ConfigError) exitWith(error);
    logger.error("could not start", { error });
    this.#exitWhenClosed("start failed", 1, logger, shutdownMs);
    await this.#shutdown;
  }

  #handleCrashes(logger: Logger): void {
    const crash = (kind: string) => (error: unknown) => {
      logger.error("crashed", { kind, error, stack: error instanceof Error ? error.stack : undefined });
      process.exit(1);
    };
    process.on("unhandledRejection", crash("unhandledRejection"));
    process.on("uncaughtException", crash("uncaughtException"));
  }
}
