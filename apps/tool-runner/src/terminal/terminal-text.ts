/**
 * What a program printed, as text that is safe to show and to give to a model: valid UTF-8 without escape sequences
 * (colours, titles, links, clipboard writes), without control characters other than tab and line feed, and without the
 * characters that turn the direction of writing, which can make text read differently from what it says.
 *
 * A carriage return ends a line, as a terminal would start over there. Works on pieces: an escape sequence or a character
 * may be split anywhere. An escape string that is never closed ends with its line, so it cannot hide the rest.
 */
type State = "text" | "escape" | "control-sequence" | "string" | "escape-in-string";

const STRING_INTRODUCERS = "PX]^_";
/** Every control character but tab and line feed, and everything that turns the direction of writing. */
const NEEDS_CARE = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/u;

export class TerminalText {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #steps: Readonly<Record<State, (char: string) => string>> = {
    text: (char) => this.#inText(char),
    escape: (char) => this.#inEscape(char),
    "control-sequence": (char) => this.#inControlSequence(char),
    string: (char) => this.#inString(char),
    "escape-in-string": (char) => this.#inEscapeInString(char),
  };
  #state: State = "text";
  #isAfterCarriageReturn = false;

  push(bytes: Uint8Array): string {
    return this.#clean(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The last piece. `isCut`: the bytes stop in the middle, so half a character at the end is no error and is dropped. */
  end(isCut: boolean): string {
    return isCut ? "" : this.#clean(this.#decoder.decode());
  }

  #clean(text: string): string {
    if (this.#state === "text" && !this.#isAfterCarriageReturn && !NEEDS_CARE.test(text)) return text;
    let clean = "";
    for (let at = 0; at < text.length; at += 1) clean += this.#steps[this.#state](text.charAt(at));
    return clean;
  }

  #inText(char: string): string {
    const isSecondOfPair = char === "\n" && this.#isAfterCarriageReturn;
    this.#isAfterCarriageReturn = char === "\r";
    if (isSecondOfPair) return "";
    if (char === "\r") return "\n";
    if (!NEEDS_CARE.test(char)) return char;
    this.#state = stateAfter(char);
    return "";
  }

  /** ESC, any number of intermediates (0x20–0x2f), one final character. */
  #inEscape(char: string): string {
    if (isBetween(char, " ", "/")) return "";
    if (char === "[") this.#state = "control-sequence";
    else if (STRING_INTRODUCERS.includes(char)) this.#state = "string";
    else if (isBetween(char, "0", "~")) this.#state = "text";
    else return this.#abandon(char);
    return "";
  }

  /** Parameters and intermediates (0x20–0x3f), one final character (0x40–0x7e). */
  #inControlSequence(char: string): string {
    if (isBetween(char, " ", "?")) return "";
    if (!isBetween(char, "@", "~")) return this.#abandon(char);
    this.#state = "text";
    return "";
  }

  #inString(char: string): string {
    if (char === "\n" || char === "\r") return this.#abandon(char);
    if (char === "\u0007" || char === "\u009c") this.#state = "text";
    else if (char === "\u001b") this.#state = "escape-in-string";
    return "";
  }

  /** ESC \\ closes the string; any other ESC begins a new sequence. */
  #inEscapeInString(char: string): string {
    this.#state = char === "\\" ? "text" : "escape";
    return char === "\\" ? "" : this.#inEscape(char);
  }

  /** Not part of a sequence after all: the character counts as text. */
  #abandon(char: string): string {
    this.#state = "text";
    return this.#inText(char);
  }
}

function stateAfter(control: string): State {
  switch (control) {
    case "\u001b":
      return "escape";
    case "\u009b":
      return "control-sequence";
    case "\u0090":
    case "\u0098":
    case "\u009d":
    case "\u009e":
    case "\u009f":
      return "string";
    default:
      return "text";
  }
}

function isBetween(char: string, first: string, last: string): boolean {
  return char >= first && char <= last;
}
