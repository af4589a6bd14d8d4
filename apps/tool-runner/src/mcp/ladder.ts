import type { Framing } from "./framing.ts";

/**
 * How a connection to a stdio server is tried. Nothing tells beforehand which framing and which era of the protocol a
 * server speaks, and a wrong first message can end its process, so every rung is a fresh process:
 *
 * - `probe`: newline, a short `server/discover` (era 2026-07-28), then `initialize` on the same process.
 * - `plain`: newline, `initialize` at once. Some servers exit on a request they do not know.
 * - `content-length`: where nothing understandable came for a while, or the output showed that framing.
 * - `patient`: newline with the whole init timeout, where the first rung was left for silence and Content-Length was no
 *   better: the server was slow to start.
 * - `long-probe`: newline, where `initialize` was refused: a server of the new era that was slow to answer the probe.
 */
export type RungName = "probe" | "plain" | "content-length" | "patient" | "long-probe";

export interface Rung {
  readonly name: RungName;
  readonly framing: Framing;
  /** Milliseconds the `server/discover` probe may take; undefined: no probe. */
  readonly probeMs?: number;
  /** Milliseconds without one understandable message before the rung is left; undefined: only the init timeout counts. */
  readonly silentMs?: number;
}

export interface RungFailure {
  readonly rung: RungName;
  /** The process could not even be started. */
  readonly isUnstartable: boolean;
  /** At least one message was understood, so the framing is right. */
  readonly wasHeard: boolean;
  readonly sawForeignFraming: boolean;
  /** The process ended, or its stream broke, before we gave up on it. */
  readonly hasDied: boolean;
  /** `initialize` was answered by a JSON-RPC error. */
  readonly wasRefused: boolean;
}

export interface LadderTimes {
  readonly probeMs: number;
  readonly silentMs: number;
}

export const LADDER_TIMES: LadderTimes = { probeMs: 2000, silentMs: 5000 };

export function rungOf(name: RungName, framing: Framing | "auto", initTimeoutMs: number, times: LadderTimes): Rung {
  const probeMs = Math.min(times.probeMs, initTimeoutMs / 2);
  const silentMs = framing === "auto" ? { silentMs: Math.min(times.silentMs, initTimeoutMs) } : {};
  const rungs: Record<RungName, Rung> = {
    probe: { name, framing: "newline", probeMs, ...silentMs },
    plain: { name, framing: "newline", ...silentMs },
    "content-length": { name, framing: "content-length", ...silentMs },
    patient: { name, framing: "newline", probeMs },
    "long-probe": { name, framing: "newline", probeMs: initTimeoutMs / 2 },
  };
  return rungs[name];
}

/** The rung after these failures, or undefined when nothing is left to try. */
export function nextRung(framing: Framing | "auto", failures: readonly RungFailure[]): RungName | undefined {
  const last = failures.at(-1);
  if (last === undefined) return framing === "content-length" ? "content-length" : "probe";
  const next = last.isUnstartable ? undefined : rungAfter(last, failures);
  if (next === undefined || failures.some(({ rung }) => rung === next)) return undefined;
  const needed = next === "content-length" ? "content-length" : "newline";
  return framing === "auto" || framing === needed ? next : undefined;
}

function rungAfter(last: RungFailure, failures: readonly RungFailure[]): RungName | undefined {
  if (last.rung === "content-length") return afterContentLength(last, failures);
  if (last.sawForeignFraming && !last.wasHeard) return "content-length";
  if (last.hasDied && last.rung === "probe") return "plain";
  if (last.wasRefused) return "long-probe";
  return last.wasHeard ? undefined : "content-length";
}

function afterContentLength(last: RungFailure, failures: readonly RungFailure[]): RungName | undefined {
  const wasSilentBefore = failures.some(({ rung, hasDied }) => rung !== "content-length" && !hasDied);
  return !last.wasHeard && (last.sawForeignFraming || wasSilentBefore) ? "patient" : undefined;
}
