import type { ModelTool } from "@holdfast/model-wire";
import { findTool, isTerminal } from "../asks/find-tool.ts";
import type { Turn } from "../turn.ts";
import { quote } from "./recall.ts";

/** Who is speaking, what the user said, what to try, and how to get a real model. Shorter once it was said. */
export function introduction({ message, earlier }: Turn, tools: readonly ModelTool[]): string {
  const heard = message === "" ? "You sent an empty message." : `You said:\n\n${quote(message)}`;
  if (earlier.length > 0) {
    return `${heard}

That is message number ${earlier.length + 1} of this conversation. I am Holdfast's built-in demo model, not a real AI, so this is all I can make of it. ${nextIdea(tools, earlier.length)}`;
  }
  return `Hello! I am **Holdfast's built-in demo model, not a real AI**: I answer from a small script, so that you can watch a message travel through the whole stack and come back word by word.

${heard}

Things to try:

${ideas(tools)
  .map((idea) => `- ${idea}`)
  .join("\n")}

For real answers, set \`OPENAI_API_KEY\` (and \`OPENAI_BASE_URL\` for another compatible server) and start Holdfast again.`;
}

function ideas(tools: readonly ModelTool[]): string[] {
  const canRun = tools.some(isTerminal);
  const canEcho = findTool(tools, "echo") !== undefined;
  const canRead = findTool(tools, "get-env") !== undefined;
  return [
    ...(canRun ? ["`run date` or `what files are there?`: I use the terminal"] : []),
    ...(canEcho ? ["`echo hello` or `add 2 and 3`: I call a tool of an MCP server"] : []),
    ...(canRun && canEcho ? ["`use both tools`: two calls at once"] : []),
    // The configuration that comes with Holdfast has a human approve this one.
    ...(canRead ? ["`call get-env`: a tool that waits for your approval"] : []),
    "`write 300 words`: a long answer; reload the page while it streams, or kill a worker",
    "`what did I say first?`: the conversation is remembered",
    "`show me Markdown`: headings, lists, tables, code",
  ];
}

function nextIdea(tools: readonly ModelTool[], turn: number): string {
  const all = ideas(tools);
  return `You could try ${all[turn % all.length]}.`;
}
