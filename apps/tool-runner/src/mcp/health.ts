import type { ServerInfo } from "@holdfast/protocol";
import type { Connection } from "./connection.ts";

/** What operators are told of a server beside its state. */
export type HealthReport = Pick<ServerInfo, "pid" | "transport" | "restarts" | "last_error" | "latency_ms">;

/** Remembers of one server what its present session does not tell. */
export class Health {
  readonly #now: () => number;
  #starts = 0;
  #lastError: ServerInfo["last_error"];
  #latencyMs: number | undefined;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  started(): void {
    this.#starts += 1;
  }

  /** It died, or could not be started. `reason` is fit to be shown. */
  failed(reason: string): void {
    this.#lastError = { message: reason, at: new Date(this.#now()).toISOString() };
  }

  answered(latencyMs: number): void {
    this.#latencyMs = Math.round(latencyMs);
  }

  report(connection: Pick<Connection, "pid" | "wire"> | undefined): HealthReport {
    return {
      ...(connection?.pid !== undefined && { pid: connection.pid }),
      ...(connection !== undefined && { transport: connection.wire }),
      restarts: Math.max(0, this.#starts - 1),
      ...(this.#lastError !== undefined && { last_error: this.#lastError }),
      ...(this.#latencyMs !== undefined && { latency_ms: this.#latencyMs }),
    };
  }
}
