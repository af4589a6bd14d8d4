import { z } from "zod";
import type { Uuid } from "./ids.ts";

/**
 * Ids of stream entries, `<epoch>-<seq>` (protocol §3.1): `epoch` is the Unix time in milliseconds at which the stream's
 * incarnation began, `seq` counts its events from 1. An event's UUID (version 8) carries the same two numbers, so
 * `?after=<uuid>` needs no look-up.
 */
export const EntryId = z.string().regex(/^\d{1,15}-\d{1,15}$/, "must look like <epoch>-<seq>");
export type EntryId = z.infer<typeof EntryId>;

export interface EntryPosition {
  readonly epoch: number;
  readonly seq: number;
}

export function parseEntryId(id: EntryId): EntryPosition {
  const dash = id.indexOf("-");
  return { epoch: Number(id.slice(0, dash)), seq: Number(id.slice(dash + 1)) };
}

export function formatEntryId(position: EntryPosition): EntryId {
  return `${position.epoch}-${position.seq}`;
}

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export function compareEntryIds(a: EntryId, b: EntryId): number {
  const left = parseEntryId(a);
  const right = parseEntryId(b);
  return left.epoch - right.epoch || left.seq - right.seq;
}

const EVENT_UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-8000-8000-([0-9a-f]{12})$/;

/** The UUIDv8 of the event at `position`: 48 bits of epoch, 48 bits of seq. The append script mints the same text. */
export function eventUuid(position: EntryPosition): Uuid {
  const epoch = position.epoch.toString(16).padStart(12, "0");
  const seq = position.seq.toString(16).padStart(12, "0");
  return `${epoch.slice(0, 8)}-${epoch.slice(8)}-8000-8000-${seq}`;
}

/** The position an event's UUID stands for, or undefined for a UUID not minted by the append script. */
export function positionOfEventUuid(uuid: Uuid): EntryPosition | undefined {
  const match = EVENT_UUID.exec(uuid);
  if (!match) return undefined;
  return { epoch: Number.parseInt(`${match[1]}${match[2]}`, 16), seq: Number.parseInt(match[3] ?? "", 16) };
}
