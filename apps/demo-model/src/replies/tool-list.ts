import type { ModelTool } from "@holdfast/model-wire";

export function asksAboutTools(message: string): boolean {
  return /\b(?:what|which|list|show)\b.*\btools\b/i.test(message);
}

/** The offered tools as a Markdown list, with the first sentence of each description. */
export function toolList(tools: readonly ModelTool[]): string {
  if (tools.length === 0) return "I was offered no tools. They come from `agents.<name>.tools` in `holdfast.yaml`.";
  const lines = tools.map(({ name, description }) => {
    const summary = /^[^\n]*?(?:[.!?](?=\s|$)|$)/.exec(description.trim())?.[0] ?? "";
    return summary === "" ? `- \`${name}\`` : `- \`${name}\`: ${summary}`;
  });
  return `These tools were offered to me:\n\n${lines.join("\n")}\n\nName one to have it called: \`call ${tools[0]?.name} {…}\`.`;
}
