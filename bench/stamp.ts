/**
 * What the scripted model says: tokens of a fixed width that carry their number and the moment they were sent, for example
 * `#00012@0000123456789`. However a system cuts or joins the text, every 20 characters are one token, and any reader
 * on the machine can tell whether one is missing, came twice, and how long it was under way.
 */
export const STAMP_LENGTH = 20;

const SEQUENCE_DIGITS = 5;
const TIME_DIGITS = 13;

export function stampOf(sequence: number, sentUs: number): string {
  return `#${String(sequence).padStart(SEQUENCE_DIGITS, "0")}@${String(sentUs).padStart(TIME_DIGITS, "0")}`;
}

/** Number of the token that begins at `at`; -1 where none does. */
export function sequenceAt(text: string, at: number): number {
  return text.charCodeAt(at) === HASH ? digitsAt(text, at + 1, SEQUENCE_DIGITS) : -1;
}

/** When the token that begins at `at` was sent, microseconds of CLOCK_MONOTONIC; -1 where none does. */
export function sentUsAt(text: string, at: number): number {
  const sign = at + 1 + SEQUENCE_DIGITS;
  return text.charCodeAt(sign) === AT_SIGN ? digitsAt(text, sign + 1, TIME_DIGITS) : -1;
}

const HASH = 35;
const AT_SIGN = 64;
const ZERO = 48;

function digitsAt(text: string, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = text.charCodeAt(index) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
