import type { AgentConfig } from "@holdfast/protocol";
import type { Secret } from "@holdfast/runtime";
import OpenAI from "openai";
import { ChatCompletionsClient } from "./chat-completions.ts";
import type { ModelClient } from "./model-client.ts";
import { ResponsesClient } from "./responses.ts";
import { sdkFetch } from "./sdk-fetch.ts";

export interface ProviderSettings {
  readonly baseUrl: string;
  /** Absent: the server wants none. */
  readonly apiKey?: Secret;
  /** Silence of this many milliseconds counts as a broken stream. */
  readonly idleMs: number;
}

export const OPENAI_URL = "https://api.openai.com/v1";

/** The SDK's own limit must never be the one that ends a request: `idleMs` is. */
const NEVER_MS = 24 * 3_600_000;

/** Clients of one provider, by the API an agent asks for. */
export function openModels(settings: ProviderSettings): (api: AgentConfig["api"]) => ModelClient {
  const openai = new OpenAI({
    fetch: sdkFetch(),
    baseURL: settings.baseUrl,
    // The SDK insists on a key; without one no Authorization header goes out.
    apiKey: settings.apiKey?.reveal() ?? "none",
    defaultHeaders: settings.apiKey ? {} : { Authorization: null },
    organization: null,
    project: null,
    // Retries are ours, so that users see them.
    maxRetries: 0,
    timeout: NEVER_MS,
    // It would write to the console, past our redaction.
    logLevel: "off",
  });
  const isOpenAi = new URL(settings.baseUrl).hostname.endsWith(".openai.com");
  const chat = new ChatCompletionsClient(openai, { idleMs: settings.idleMs, isOpenAi });
  const responses = new ResponsesClient(openai, { idleMs: settings.idleMs });
  return (api) => (api === "responses" ? responses : chat);
}
