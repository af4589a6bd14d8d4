import OpenAI from "openai";
import { Destination, leanFetch } from "./lean-fetch.ts";

type Options = Parameters<OpenAI["buildRequest"]>[0];
type Built = Awaited<ReturnType<OpenAI["buildRequest"]>>;

/**
 * The SDK's client, with two things cheaper, since an answer of a few words cost less than its request: it asks by `leanFetch`,
 * and builds address, credentials and headers of a path once. For each request it would build the same again.
 */
export class ProviderApi extends OpenAI {
  readonly #built = new Map<string, Promise<Built>>();

  constructor(options: NonNullable<ConstructorParameters<typeof OpenAI>[0]>) {
    super({ ...options, fetch: fetching() });
  }

  /** Requests of ours differ in body and signal alone; any other is built by the SDK. */
  override async buildRequest(options: Options, attempt: { retryCount?: number } = {}): Promise<Built> {
    const { method, path, body, signal, stream, ...more } = options;
    const isOurs = method === "post" && typeof body === "object" && stream === true && Object.keys(more).length === 0;
    if (!isOurs || attempt.retryCount) return super.buildRequest(options, attempt);
    let built = this.#built.get(path);
    if (!built) {
      built = super.buildRequest({ method, path, stream, body: {} });
      this.#built.set(path, built);
      // What was wrong once need not be so again.
      built.catch(() => this.#built.delete(path));
    }
    const { req, ...rest } = await built;
    return { ...rest, req: { ...req, body: JSON.stringify(body), ...(signal ? { signal } : {}) } };
  }
}

// The SDK tells the provider its class's name.
Object.defineProperty(ProviderApi, "name", { value: "OpenAI" });

function fetching(): (url: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const destinations = new Map<string, Destination>();
  return async (url, { method, headers, body, signal } = {}) => {
    if (url instanceof Request) throw new TypeError("only an address can be fetched here");
    if (body !== undefined && body !== null && typeof body !== "string") throw new TypeError("only text can be sent");
    const address = String(url);
    const destination = destinations.get(address) ?? new Destination(address);
    destinations.set(address, destination);
    return leanFetch(destination, {
      headers: Object.fromEntries(new Headers(headers)),
      ...(method === undefined ? {} : { method }),
      ...(body ? { body } : {}),
      ...(signal ? { signal } : {}),
    });
  };
}
