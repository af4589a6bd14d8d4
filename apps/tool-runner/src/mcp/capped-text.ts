/** Text as the model gets it: about 50 kB in all, cut in the middle, because the ends of an output say most. */
export const TEXT_CAP_BYTES = 50_000;

const HEAD_SHARE = 0.7;
const SMALLEST_PIECE_BYTES = 200;
export const MAX_ITEMS = 200;
/** In the `_meta` of a result: how many items it had beyond MAX_ITEMS, which nobody has looked at. */
export const LEFT_OUT = "holdfast/left-out";

export interface Item {
  readonly type: string;
  readonly text: string;
}

/**
 * As many items as fit, the one that does not fit cut, and a last line that tells how many more there were; `alreadyMissing`
 * of them are not among `items`.
 */
export function capItems<T extends Item>(
  items: readonly T[],
  capBytes = TEXT_CAP_BYTES,
  alreadyMissing = 0,
): { items: (T | Item)[]; isTruncated: boolean } {
  const kept: (T | Item)[] = [];
  let left = capBytes;
  for (const [index, item] of items.entries()) {
    const bytes = Buffer.byteLength(item.text);
    if (bytes <= left && index < MAX_ITEMS) {
      kept.push(item);
      left -= bytes;
      continue;
    }
    const isWorthCutting = left >= SMALLEST_PIECE_BYTES && index < MAX_ITEMS;
    if (isWorthCutting) kept.push({ ...item, text: cutMiddle(item.text, left) });
    return { items: withMissing(kept, items.length - kept.length + alreadyMissing), isTruncated: true };
  }
  return { items: withMissing(kept, alreadyMissing), isTruncated: alreadyMissing > 0 };
}

function withMissing<T>(kept: readonly (T | Item)[], missing: number): (T | Item)[] {
  if (missing === 0) return [...kept];
  return [...kept, { type: "text", text: `[… ${missing} more content items left out]` }];
}

/** The first and last bytes of a text around a line that tells how much is missing; characters stay whole. */
export function cutMiddle(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const headEnd = characterStart(bytes, Math.floor(maxBytes * HEAD_SHARE));
  const tailStart = characterStart(bytes, bytes.length - (maxBytes - headEnd));
  const missing = tailStart - headEnd;
  return `${bytes.subarray(0, headEnd).toString("utf8")}\n[… ${missing} bytes left out …]\n${bytes.subarray(tailStart).toString("utf8")}`;
}

/** The nearest start of a character at or after this byte. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start;
}
