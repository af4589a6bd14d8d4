const LONG_ANSWER_WORDS = 400;
const MAX_WORDS = 100_000;

/** How many words a message asks for ("write 500 words", "a long answer"); undefined when it asks for no such thing. */
export function wordsAskedFor(message: string): number | undefined {
  const count = /\b(\d{1,6})[ -]words?\b/i.exec(message)?.[1];
  if (count !== undefined) return Math.min(Number(count), MAX_WORDS);
  return /\blong (?:answer|reply|text|story|response)\b/i.test(message) ? LONG_ANSWER_WORDS : undefined;
}

/** "word1 word2 … word<count>": a text in which every missing, doubled or misplaced piece is seen. */
export function numberedWords(count: number): string {
  return Array.from({ length: count }, (_, index) => `word${index + 1}`).join(" ");
}
