/** How one call ended, before it is put in the words of anybody's protocol. */
import { type Denial, deny, type DenyCode } from "./deny.ts";
import type { StopReason } from "./terminate.ts";
import type { Tier } from "./tier.ts";

/** `exited` with any code and `signaled` are the command's own endings; nothing was started for `denied` and `spawn_failed`. */
export type Outcome = "denied" | "spawn_failed" | "exited" | "signaled" | StopReason;

export interface Execution {
  readonly outcome: Outcome;
  readonly denyCode?: DenyCode;
  /** A sentence for `denied` and `spawn_failed`. */
  readonly message?: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The beginning of each stream, at most the policy's cap. */
  readonly stdout: Captured;
  readonly stderr: Captured;
  readonly tier: Tier;
  readonly durationMs: number;
}

export interface Captured {
  readonly bytes: Buffer;
  readonly isTruncated: boolean;
}

const NOTHING: Captured = { bytes: Buffer.alloc(0), isTruncated: false };
/** The part of an execution that is the same wherever nothing was started. */
export const NOTHING_RAN = { exitCode: null, signal: null, stdout: NOTHING, stderr: NOTHING } as const;

export function refused({ denied, message }: Denial): Omit<Execution, "tier" | "durationMs"> {
  return { outcome: "denied", denyCode: denied, message, ...NOTHING_RAN };
}

/** What every call answers where `tier` is required and does not work. */
export function tierUnavailable(tier: Tier): Execution {
  return { ...refused(deny("tier_unavailable")), tier, durationMs: 0 };
}
