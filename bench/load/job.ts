import type { Processes } from "../measure/meter.ts";
import type { SystemName } from "../systems/system.ts";

/** Many answers at once, each read to its end. */
export interface ChatsJob {
  readonly kind: "chats";
  readonly chats: number;
  /** Tokens per second of each; 0 = unpaced. */
  readonly rate: number;
  readonly tokens: number;
  /** The chats begin evenly over this time. */
  readonly rampMs: number;
  /** Tells when every token came, for `silence`. */
  readonly keepsArrivals?: boolean;
  /** What has not ended so long after it should have is lost. */
  readonly graceMs: number;
}

/** Connections on which nothing happens. */
export interface IdleJob {
  readonly kind: "idle";
  readonly connections: number;
  /** Who cannot be read from without an answer under way has one that pauses. */
  readonly hasRunBehind: boolean;
  readonly settleMs: number;
}

/** One conversation, many readers. */
export interface FanOutJob {
  readonly kind: "fan-out";
  readonly readers: number;
  readonly rate: number;
  readonly tokens: number;
}

/** Finished conversations are read again from the beginning, all at once. */
export interface CatchUpJob {
  readonly kind: "catch-up";
  readonly conversations: number;
  readonly rate: number;
  readonly tokens: number;
  readonly passes: number;
}

/** One conversation with many turns: what a token costs in the first and in the last of them. */
export interface TurnsJob {
  readonly kind: "turns";
  readonly turns: number;
  /** Turns that are measured at the beginning and at the end. */
  readonly window: number;
  readonly tokens: number;
  /** Of the turns in between. */
  readonly fillerTokens: number;
}

/** The same chats before and after many conversations were created. */
export interface ManyJob {
  readonly kind: "many";
  readonly conversations: number;
  readonly chats: ChatsJob;
}

/** Chats all the time, each in a conversation of its own. */
export interface SoakJob {
  readonly kind: "soak";
  /** At once. */
  readonly chats: number;
  readonly rate: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly graceMs: number;
}

export type Work = ChatsJob | IdleJob | FanOutJob | CatchUpJob | TurnsJob | ManyJob | SoakJob;

export interface Job {
  readonly system: SystemName;
  readonly url: string;
  readonly redisUrl?: string | undefined;
  /** Measured. */
  readonly processes: Processes;
  /** Process ids of the bench itself, beside the load client. */
  readonly bench: readonly number[];
  readonly work: Work;
  readonly warmUp: ChatsJob | undefined;
  /** Distinguishes this run's requests at the model. */
  readonly tag: string;
}

/** By name, always numbers; `_ms`, `_us`, `_mb` are units, and a part after a dot is the process meant. */
export type Metrics = Record<string, number>;

export interface JobResult {
  readonly metrics: Metrics;
  /** Microseconds of CLOCK_MONOTONIC of every token, by chat; only of ChatsJob.keepsArrivals. */
  readonly arrivalsUs?: readonly (readonly number[])[];
}
