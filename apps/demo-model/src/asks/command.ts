/** The command line a message asks to run, or undefined. */
export function readCommand(text: string): string[] | undefined {
  const line = readCommandLine(text);
  if (line === undefined) return undefined;
  const argv = splitWords(line);
  return argv.length > 0 ? argv : undefined;
}

const IN_CODE = /^(?:use the (?:terminal|shell) to )?(?:run|execute|try|type|use)\b[^`]*`([^`]+)`/i;
const PROMPT = /^(?:\$|terminal:?|shell:|use (?:the )?(?:terminal|shell) to (?:run|execute)?)\s+(\S.*)$/i;
const RUN =
  /^(?:run|execute)\s+(?:the\s+)?(?:command\s+|program\s+)?(\S.*?)(?:\s+(?:in|on|with|using)\s+(?:the\s+|a\s+)?(?:terminal|shell))?$/i;
const FILES = /\b(?:what|which|list|show)\b.{0,20}\bfiles\b/i;
const DATE = /\bwhat(?:'s| is)? (?:the )?(?:time|date|day)\b(?: is it)?/i;
const TERMINAL_ONLY = /^(?:use |try |show me )?(?:the )?(?:terminal|shell)(?: tool)?\W*$/i;

function readCommandLine(text: string): string | undefined {
  const inCode = IN_CODE.exec(text)?.[1];
  if (inCode !== undefined) return inCode;
  if (TERMINAL_ONLY.test(text)) return "date";
  // MCP tools are asked for with the same verbs.
  if (/^(?:run|execute|use|try)\b.*\b(?:mcp|everything)\b/i.test(text)) return undefined;
  const line = PROMPT.exec(text)?.[1] ?? RUN.exec(text)?.[1];
  // The full stop of the sentence is not part of the command; one that stands alone is a directory.
  if (line !== undefined) return line.replace(/(?<=[\w"'])[.!?]+$/, "");
  if (FILES.test(text)) return "ls -la";
  return DATE.test(text) ? "date" : undefined;
}

/** Splits at white space outside of quotes. Enough for a demo: the tool itself has the exact rules. */
function splitWords(line: string): string[] {
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ""),
  );
}
