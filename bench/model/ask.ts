/**
 * What the user's message tells the scripted model: `tokens=200 rate=20 tag=7`. All parts are optional; `rate` is tokens per
 * second, 0 = as fast as the reader takes them; `tag` is what `GET /aborted` calls a request whose client went away.
 */
export interface Ask {
  readonly tokens: number;
  readonly rate: number;
  readonly tag: string;
}

export function promptOf({ tokens, rate, tag }: Ask): string {
  return `tokens=${tokens} rate=${rate} tag=${tag}`;
}

export function askOf(prompt: string): Ask {
  return {
    tokens: Number(/\btokens=(\d+)/.exec(prompt)?.[1] ?? 20),
    rate: Number(/\brate=([\d.]+)/.exec(prompt)?.[1] ?? 0),
    tag: /\btag=(\S+)/.exec(prompt)?.[1] ?? "",
  };
}

/** The newest user message of a Chat Completions request; empty where it has none. */
export function newestPrompt(body: unknown): string {
  const { messages = [] } = body as { messages?: { role?: string; content?: unknown }[] };
  const content = messages.findLast(({ role }) => role === "user")?.content;
  return typeof content === "string" ? content : JSON.stringify(content ?? "");
}
