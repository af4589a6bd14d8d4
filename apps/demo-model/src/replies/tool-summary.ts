import type { ToolOutcome } from "../turn.ts";

const MAX_SHOWN_CHARACTERS = 4_000;

/** What the tools gave, each in a code block, in the order of the calls. */
export function summarise(results: readonly ToolOutcome[]): string {
  const heading = results.length === 1 ? "Here is what came back:" : `All ${results.length} calls came back:`;
  const ending =
    "_I am the demo model, not a real AI, so I only pass on what the tools said; a real model would make sense of it._";
  return [heading, ...results.map(outcome), ending].join("\n\n");
}

function outcome({ call, text }: ToolOutcome): string {
  const { language, body } = readable(text);
  const isCut = body.length > MAX_SHOWN_CHARACTERS;
  const shown = isCut ? body.slice(0, MAX_SHOWN_CHARACTERS).toWellFormed() : body;
  const block = shown.trim() === "" ? "_(no output)_" : codeBlock(shown, language);
  const rest = isCut ? `\n\n… and ${body.length - MAX_SHOWN_CHARACTERS} more characters.` : "";
  return `**${call.name}** \`${oneLine(call.arguments)}\`\n\n${block}${rest}`;
}

/** A fence longer than every run of backticks in the text, so that no output can end its block. */
function codeBlock(text: string, language: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text.replace(/\n+$/, "")}\n${fence}`;
}

function readable(text: string): { language: string; body: string } {
  if (!/^\s*[{[]/.test(text)) return { language: "text", body: text };
  try {
    return { language: "json", body: JSON.stringify(JSON.parse(text), null, 2) };
  } catch {
    return { language: "text", body: text };
  }
}

function oneLine(json: string): string {
  const line = json.replaceAll("`", "'").replace(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 119).toWellFormed()}…` : line;
}
