import OpenAI from "openai";
import { Destination, leanFetch, type LeanRequest, StreamedResponse } from "./lean-fetch.ts";

interface Target {
  readonly destination: Destination;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * One path of the provider's API, to which bodies are posted.
 *
 * - Address, credentials and headers are the SDK's, which builds them anew for each request though nothing in them changes:
 *   that costs more than the answer of a short one. Here it builds them once.
 * - What is no success throws the error that the SDK would throw.
 */
export class Endpoint {
  readonly #openai: OpenAI;
  readonly #path: string;
  #target: Promise<Target> | undefined;

  constructor(openai: OpenAI, path: string) {
    this.#openai = openai;
    this.#path = path;
  }

  /** Resolves with an answer that is a success, unread. `signal` is of this request alone. Throws OpenAI.APIError. */
  async post(body: object, signal: AbortSignal): Promise<StreamedResponse> {
    this.#target ??= this.#build();
    const { destination, headers } = await this.#target;
    const response = await this.#send(destination, { method: "POST", headers, body: JSON.stringify(body), signal });
    if (response instanceof StreamedResponse) return response;
    const text = await response.text().catch((error: unknown) => String(error));
    const told = parsed(text);
    throw OpenAI.APIError.generate(response.status, told, told ? undefined : text, response.headers);
  }

  async #send(to: Destination, request: LeanRequest): Promise<Response> {
    try {
      return await leanFetch(to, request);
    } catch (error) {
      throw new OpenAI.APIConnectionError({ cause: error as Error });
    }
  }

  async #build(): Promise<Target> {
    const { req, url } = await this.#openai.buildRequest({ method: "post", path: this.#path, body: {} });
    return { destination: new Destination(url), headers: Object.fromEntries(req.headers) };
  }
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
