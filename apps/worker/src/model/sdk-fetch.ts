import { Destination, leanFetch } from "./lean-fetch.ts";

/** `leanFetch` as the openai SDK calls it: what it sends is text, to few addresses. */
export function sdkFetch(): (url: string | URL | Request, init?: RequestInit) => Promise<Response> {
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
