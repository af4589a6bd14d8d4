/**
 * Reads what the model asked for: `{argv}` or `{command}`, and `cwd`. Everything here is untrusted input, so any shape
 * answers either a request whose words are safe to hand to exec, or a denial.
 */
import { type Denial, deny, isDenial } from "./deny.ts";
import { splitWords } from "./split.ts";

/** The kernel refuses a single argument of 128 KiB; as the limit of a whole command line it is beyond any honest use. */
const MAX_ARGV_BYTES = 131_072;
const MAX_WORDS = 4096;

export interface CommandRequest {
  /** At least one word; none has a NUL or an unpaired surrogate. */
  readonly argv: readonly [string, ...string[]];
  /** As given: relative to the workspace, or absolute. */
  readonly cwd: string | undefined;
}

export function readRequest(input: unknown): CommandRequest | Denial {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return deny("invalid_argument", "an object with argv or command is expected");
  }
  const { argv, command, cwd } = input as Record<string, unknown>;
  if (isGiven(cwd) && (typeof cwd !== "string" || !isExecutableText(cwd))) {
    return deny("invalid_argument", "cwd must be text without NUL");
  }
  const words = readWords(argv, command);
  if (isDenial(words)) return words;
  const [name, ...rest] = words;
  if (name === undefined) return deny("empty");
  if (!words.every(isExecutableText)) return deny("invalid_argument", "a word has a NUL or is not valid Unicode");
  if (isTooLong(words)) return deny("argv_too_long");
  return { argv: [name, ...rest], cwd: isGiven(cwd) ? (cwd as string) : undefined };
}

/** Models that must fill in every field of a schema send null for what they leave out. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readWords(argv: unknown, command: unknown): string[] | Denial {
  if (isGiven(argv) && isGiven(command)) return deny("invalid_argument", "give argv or command, not both");
  if (isGiven(argv)) {
    const isListOfText = Array.isArray(argv) && argv.every((word) => typeof word === "string");
    return isListOfText ? argv : deny("invalid_argument", "argv must be a list of strings");
  }
  if (!isGiven(command)) return deny("empty");
  if (typeof command !== "string") return deny("invalid_argument", "command must be a string");
  if (command.length > MAX_ARGV_BYTES) return deny("argv_too_long");
  const split = splitWords(command);
  return "problem" in split ? deny("parse_error", split.problem.toLowerCase()) : split.words;
}

function isExecutableText(word: string): boolean {
  return !word.includes("\0") && word.isWellFormed();
}

function isTooLong(words: readonly string[]): boolean {
  if (words.length > MAX_WORDS) return true;
  // Each word is handed over with a NUL behind it.
  const bytes = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
  return bytes > MAX_ARGV_BYTES;
}
