import type { Turn } from "../turn.ts";

const ABOUT_EARLIER =
  /\bwhat (?:did|have|was|were)\b.*\b(?:i|my|we)\b.*\b(?:say|said|ask|asked|write|wrote|written|tell|told|message|question)\b|\bwhat was my (?:first|last|previous)\b|\bdo you remember\b/i;

/**
 * Answers questions about this conversation out of the context of the request, so that a visitor sees that it is kept:
 * "what did I say first?", "what did I say before?", "what is my name?". Undefined when the message is no such question.
 */
export function recall({ message, earlier }: Turn): string | undefined {
  if (/\bwhat(?:'s| is) my name\b/i.test(message)) return recallName(earlier);
  if (!ABOUT_EARLIER.test(message)) return undefined;
  const first = earlier[0];
  const previous = earlier.at(-1);
  if (first === undefined || previous === undefined)
    return "Nothing yet: this is the first message of our conversation.";
  if (/\bfirst\b|\bat the beginning\b/i.test(message)) return `The first thing you said was:\n\n${quote(first)}`;
  const count = earlier.length === 1 ? "one message" : `${earlier.length} messages`;
  return `Just before this you said:\n\n${quote(previous)}\n\nThat makes ${count} of yours before this one. The worker sent them to me from the conversation's log in Redis; I keep nothing myself.`;
}

function recallName(earlier: readonly string[]): string {
  const names = earlier.flatMap(
    (text) => /\b(?:[Mm]y name is|[Cc]all me|I am|I'm)\s+([\p{Lu}][\p{L}'-]*)/u.exec(text)?.[1] ?? [],
  );
  const name = names.at(-1);
  if (name === undefined) return "You have not told me your name in this conversation.";
  return `You told me that your name is **${name}**.`;
}

export function quote(text: string): string {
  const shown = text.length > 600 ? `${text.slice(0, 600).toWellFormed()} …` : text;
  return shown
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
}
