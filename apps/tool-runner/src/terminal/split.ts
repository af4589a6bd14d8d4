/**
 * Splits a command line into words exactly as Python's `shlex.split` does, so that a command means here what its author
 * tried elsewhere. This is not a shell: `$`, `*`, `|`, `;`, `#` and `~` are ordinary characters.
 *
 * Words are separated by space, tab, CR and LF. Inside '…' every character stands for itself. Inside "…" a backslash takes
 * its special meaning only before " and \. Elsewhere a backslash makes the next character, also a newline, literal.
 * Quotes may begin and end inside a word, and an empty pair of quotes makes an empty word.
 */
export type SplitProblem = "No closing quotation" | "No escaped character";

export type Split = { readonly words: string[] } | { readonly problem: SplitProblem };

/** A part of a word, and where the text goes on behind it. */
type Piece = { readonly text: string; readonly end: number } | { readonly problem: SplitProblem };

export function splitWords(text: string): Split {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    if (isSeparator(text[at])) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
      continue;
    }
    const piece = readPiece(text, at);
    if ("problem" in piece) return piece;
    word = (word ?? "") + piece.text;
    at = piece.end;
  }
  if (word !== undefined) words.push(word);
  return { words };
}

function isSeparator(char: string | undefined): boolean {
  return char === " " || char === "\t" || char === "\r" || char === "\n";
}

function readPiece(text: string, at: number): Piece {
  switch (text[at]) {
    case "\\":
      return readEscaped(text, at);
    case "'":
      return readSingleQuoted(text, at);
    case '"':
      return readDoubleQuoted(text, at);
    default:
      return { text: text.charAt(at), end: at + 1 };
  }
}

function readEscaped(text: string, at: number): Piece {
  if (at + 1 >= text.length) return { problem: "No escaped character" };
  return { text: text.charAt(at + 1), end: at + 2 };
}

function readSingleQuoted(text: string, at: number): Piece {
  const close = text.indexOf("'", at + 1);
  if (close < 0) return { problem: "No closing quotation" };
  return { text: text.slice(at + 1, close), end: close + 1 };
}

function readDoubleQuoted(text: string, start: number): Piece {
  let inside = "";
  let at = start + 1;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '"') return { text: inside, end: at + 1 };
    if (char !== "\\") {
      inside += char;
      at += 1;
      continue;
    }
    if (at + 1 >= text.length) return { problem: "No escaped character" };
    const next = text.charAt(at + 1);
    inside += next === '"' || next === "\\" ? next : `\\${next}`;
    at += 2;
  }
  return { problem: "No closing quotation" };
}
