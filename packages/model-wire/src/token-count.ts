/** Words of up to 12 characters and single signs, each with the white space before it; white space left at the end. */
const TOKEN = /\s*(?:[\p{L}\p{N}_']{1,12}|[^\s\p{L}\p{N}_'])|\s+/gu;

/**
 * Cuts text into pieces of about the size of a model's tokens. Joined again they are exactly the text; no surrogate pair is
 * cut in two. Deterministic, and not the tokenizer of any real model.
 */
export function splitTokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

export function countTokens(text: string): number {
  return splitTokens(text).length;
}
