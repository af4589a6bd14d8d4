import type { LogLine } from "@holdfast/bus";

/**
 * Replay is shorter than the run was: consecutive tokens of one step become one frame that begins at the first's offset
 * and carries the last's id (protocol §5.2). Only pieces that fit without a gap are joined, so a reader that checks offsets
 * sees the same text either way. Live delivery never merges.
 */
const MOST_MERGED = 8_192; // UTF-16 units: one frame stays well below what a reader buffers

interface Token {
  readonly event: string;
  readonly run_id: string;
  readonly attempt: number;
  readonly step: number;
  readonly offset: number;
  readonly text: string;
  readonly channel?: string;
}

interface Group {
  readonly first: Token;
  readonly firstPayload: string;
  text: string;
  lastId: string;
  size: number;
}

export function mergeTokens(lines: readonly LogLine[]): LogLine[] {
  const merged: LogLine[] = [];
  let group: Group | undefined;
  const close = () => {
    if (group) merged.push(lineOf(group));
    group = undefined;
  };
  for (const line of lines) {
    const token = tokenOf(line.payload);
    if (token && group && continues(group, token)) {
      group.text += token.text;
      group.lastId = line.id;
      group.size += 1;
      continue;
    }
    close();
    if (token) group = { first: token, firstPayload: line.payload, text: token.text, lastId: line.id, size: 1 };
    else merged.push(line);
  }
  close();
  return merged;
}

function continues({ first, text }: Group, next: Token): boolean {
  return (
    next.run_id === first.run_id &&
    next.attempt === first.attempt &&
    next.step === first.step &&
    next.channel === first.channel &&
    next.offset === first.offset + text.length &&
    text.length + next.text.length <= MOST_MERGED
  );
}

function lineOf({ first, firstPayload, text, lastId, size }: Group): LogLine {
  return { id: lastId, payload: size === 1 ? firstPayload : JSON.stringify({ ...first, text }) };
}

/** Looks before it parses: inside JSON text the searched quotes would be escaped, so the look has no false negatives. */
function tokenOf(payload: string): Token | undefined {
  if (!payload.includes('"event":"token"')) return undefined;
  try {
    const event = JSON.parse(payload) as Partial<Token>;
    const isToken = event.event === "token" && typeof event.text === "string" && typeof event.offset === "number";
    return isToken ? (event as Token) : undefined;
  } catch {
    return undefined;
  }
}
