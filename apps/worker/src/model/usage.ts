import type { Usage } from "@holdfast/protocol";
import type { ModelRequest } from "./model-client.ts";

export const NO_USAGE: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    total_tokens: a.total_tokens + b.total_tokens,
  };
}

/** About what common tokenizers give for English; budgets need no better where a server counts nothing. */
const CHARACTERS_PER_TOKEN = 4;

/** Stands in for the usage a server left out, so that a budget of tokens still binds. */
export function estimateUsage(request: ModelRequest, outputCharacters: number): Usage {
  const messages = request.messages.reduce((sum, message) => sum + message.content.length, 0);
  const tools = request.tools.length === 0 ? 0 : JSON.stringify(request.tools).length;
  const input_tokens = Math.ceil((request.instructions.length + messages + tools) / CHARACTERS_PER_TOKEN);
  const output_tokens = Math.ceil(outputCharacters / CHARACTERS_PER_TOKEN);
  return { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens };
}
