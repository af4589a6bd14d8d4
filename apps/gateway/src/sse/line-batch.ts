import type { LogLine } from "@holdfast/bus";
import { compareEntryIds, type EntryPosition, parseEntryId } from "@holdfast/protocol";
import { Frames } from "./frames.ts";

/** Lines of one conversation that go out together, without a gap inside. Serialized once for all readers. */
export class LineBatch {
  readonly lines: readonly LogLine[];
  readonly first: EntryPosition;
  readonly last: EntryPosition;
  #frames: Frames | undefined;

  private constructor(lines: readonly LogLine[], first: LogLine, last: LogLine) {
    this.lines = lines;
    this.first = parseEntryId(first.id);
    this.last = parseEntryId(last.id);
  }

  /** Undefined for no lines. */
  static of(lines: readonly LogLine[]): LineBatch | undefined {
    const first = lines[0];
    const last = lines.at(-1);
    return first && last ? new LineBatch(lines, first, last) : undefined;
  }

  get frames(): Frames {
    this.#frames ??= Frames.ofLines(this.lines);
    return this.#frames;
  }

  /** What of it is newer than `position`: itself where that is all, undefined where nothing is. */
  after(position: EntryPosition | undefined): LineBatch | undefined {
    if (position === undefined || isNewer(this.first, position)) return this;
    if (!isNewer(this.last, position)) return undefined;
    const id = `${position.epoch}-${position.seq}`;
    return LineBatch.of(this.lines.filter((line) => compareEntryIds(line.id, id) > 0));
  }

  /** Up to and including the line at `index`. */
  through(index: number): LineBatch | undefined {
    return index === this.lines.length - 1 ? this : LineBatch.of(this.lines.slice(0, index + 1));
  }
}

export function isNewer(a: EntryPosition, b: EntryPosition): boolean {
  return a.epoch === b.epoch ? a.seq > b.seq : a.epoch > b.epoch;
}
