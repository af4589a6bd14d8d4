import type { LogLine } from "@holdfast/bus";

/**
 * Replay is shorter than the run was: consecutive tokens of one step become one frame that begins at the first's offset
 * and carries the last's id (protocol §5.2). Only pieces that fit without a gap are joined, so a reader that checks offsets
 * sees the same text either way. Live delivery never merges.
 *
 * History is thousands of tokens that differ in little but their text, so they are compared and joined as JSON text: only
 * the first of a row is parsed. What is written in another order of keys than our own (see the bus, run-events.ts) stays as it is.
 */
const MOST_MERGED = 8_192; // UTF-16 units: one frame stays well below what a reader buffers

const INDEX = '"index":';
const OFFSET = ',"offset":';
const TEXT = ',"text":"';

/** Tokens of one run, attempt, step and channel, each of which begins where the one before ends. */
interface Row {
  /** Up to the index, and from the end of the text: the same for all of them. */
  readonly head: string;
  readonly tail: string;
  readonly first: LogLine;
  /** Where the first's text begins in its payload. */
  readonly textAt: number;
  /** JSON text without its quotes. */
  text: string;
  /** Where the next one's text must begin, in UTF-16 units. */
  end: number;
  readonly begin: number;
  last: LogLine;
}

export function mergeTokens(lines: readonly LogLine[]): LogLine[] {
  const merged: LogLine[] = [];
  let row: Row | undefined;
  for (const line of lines) {
    if (row && join(row, line)) continue;
    if (row) merged.push(lineOf(row));
    row = begin(line);
    if (!row) merged.push(line);
  }
  if (row) merged.push(lineOf(row));
  return merged;
}

/** Undefined for what is no token, or none as we write them. */
function begin(line: LogLine): Row | undefined {
  const { payload } = line;
  if (!payload.startsWith('{"event":"token","step":')) return undefined;
  const headEnd = payload.indexOf(INDEX) + INDEX.length;
  const textAt = textStart(payload, headEnd);
  const token = parsed(payload);
  if (textAt === -1 || typeof token?.text !== "string" || typeof token.offset !== "number") return undefined;
  const text = JSON.stringify(token.text).slice(1, -1);
  if (!payload.startsWith(`${text}"`, textAt)) return undefined;
  const tail = payload.slice(textAt + text.length);
  const { offset } = token;
  return {
    head: payload.slice(0, headEnd),
    tail,
    first: line,
    textAt,
    text,
    begin: offset,
    end: offset + token.text.length,
    last: line,
  };
}

/** False where it does not continue the row, which is left as it was. */
function join(row: Row, line: LogLine): boolean {
  const { payload } = line;
  if (!payload.startsWith(row.head) || !payload.endsWith(row.tail)) return false;
  const textAt = textStart(payload, row.head.length);
  if (textAt === -1 || offsetBefore(payload, textAt) !== row.end) return false;
  const text = payload.slice(textAt, payload.length - row.tail.length);
  // With a quote of its own that is not a text and nothing else: the tail was found behind another key.
  const units = text.includes("\\") || text.includes('"') ? unitsOf(text) : text.length;
  if (units === undefined || row.end + units - row.begin > MOST_MERGED) return false;
  row.text += text;
  row.end += units;
  row.last = line;
  return true;
}

function lineOf({ first, last, textAt, text, tail }: Row): LogLine {
  return first === last ? first : { id: last.id, payload: first.payload.slice(0, textAt) + text + tail };
}

/** Behind `<index>,"offset":<offset>,"text":"`, or -1. */
function textStart(payload: string, indexAt: number): number {
  const offsetAt = afterDigits(payload, indexAt);
  if (!payload.startsWith(OFFSET, offsetAt)) return -1;
  const textAt = afterDigits(payload, offsetAt + OFFSET.length);
  return payload.startsWith(TEXT, textAt) ? textAt + TEXT.length : -1;
}

function afterDigits(payload: string, from: number): number {
  let at = from;
  while (isDigit(payload.charCodeAt(at))) at += 1;
  return at;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function offsetBefore(payload: string, textAt: number): number {
  const end = textAt - TEXT.length;
  let at = end;
  while (isDigit(payload.charCodeAt(at - 1))) at -= 1;
  return Number(payload.slice(at, end));
}

function unitsOf(text: string): number | undefined {
  try {
    return (JSON.parse(`"${text}"`) as string).length;
  } catch {
    return undefined;
  }
}

function parsed(payload: string): { readonly offset?: unknown; readonly text?: unknown } | undefined {
  try {
    return JSON.parse(payload) as object;
  } catch {
    return undefined;
  }
}
