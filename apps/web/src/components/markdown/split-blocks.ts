/**
 * Cuts Markdown into blocks that can be rendered apart, so that while an answer streams only its last block is parsed
 * again. The pieces joined are the source.
 *
 * - A block ends at a blank line outside fenced code, where the next line begins at the margin.
 * - Items of one list and lines of one quotation stay together: apart they would be several lists and quotations.
 * - Definitions (`[name]: …`, footnotes) act on the whole text: a source that has one is a single block.
 */
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LIST_ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const QUOTE = /^ {0,3}>/;
const DEFINITION = /^ {0,3}\[[^\]]+\]:/m;
const HTML_BLOCK = /^ {0,3}<[A-Za-z!?/]/;

export function splitBlocks(source: string): string[] {
  if (DEFINITION.test(source)) return [source];
  const blocks: string[] = [];
  let block = "";
  let openFence: string | undefined;
  let isAfterBlank = false;
  for (const line of source.split(/(?<=\n)/)) {
    const isBlank = line.trim() === "";
    if (openFence === undefined && isAfterBlank && !isBlank && startsNewBlock(block, line)) {
      blocks.push(block);
      block = "";
    }
    block += line;
    openFence = fenceAfter(line, openFence);
    isAfterBlank = isBlank;
  }
  return block === "" ? blocks : [...blocks, block];
}

function startsNewBlock(block: string, line: string): boolean {
  if (/^\s/.test(line) || HTML_BLOCK.test(block)) return false;
  if (LIST_ITEM.test(block) && LIST_ITEM.test(line)) return false;
  return block.trim() !== "" && !(QUOTE.test(block) && QUOTE.test(line));
}

/** The fence that is open after this line: a closing one is of the same sign, at least as long, and stands alone. */
function fenceAfter(line: string, open: string | undefined): string | undefined {
  const fence = FENCE.exec(line)?.[1];
  if (fence === undefined) return open;
  if (open === undefined) return fence;
  const isClosing = fence[0] === open[0] && fence.length >= open.length && line.trim() === fence;
  return isClosing ? undefined : open;
}
