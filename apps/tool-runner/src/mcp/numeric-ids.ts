import { recordOf } from "./record.ts";
import type { Layer, WireMessage } from "./layered-transport.ts";

const SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId";

type Id = string | number;

/**
 * Requests leave with the numbers 1, 2, 3, … whatever id the SDK chose (it starts at 0 and uses strings for its probe and
 * its subscriptions), and only a response with the number of a request in flight comes back, under the SDK's id. So a
 * string id, an unknown id or a second answer never reaches a caller. Requests of the server keep their own ids.
 */
export class NumericIds implements Layer {
  readonly #onRefused: (id: unknown) => void;
  readonly #inFlight = new Map<number, Id>();
  readonly #numbers = new Map<Id, number>();
  #last = 0;

  /** `onRefused` hears the id of every response that answers nothing. */
  constructor(onRefused: (id: unknown) => void = () => undefined) {
    this.#onRefused = onRefused;
  }

  outgoing(message: WireMessage): WireMessage | undefined {
    const { id, method } = message;
    if (typeof method !== "string") return message;
    if (typeof id === "string" || typeof id === "number") {
      this.#last += 1;
      this.#inFlight.set(this.#last, id);
      this.#numbers.set(id, this.#last);
      return { ...message, id: this.#last };
    }
    return method === "notifications/cancelled" ? this.#outgoingCancel(message) : message;
  }

  incoming(message: WireMessage): WireMessage | undefined {
    if (typeof message["method"] === "string") return this.#incomingNotification(message);
    const number = message["id"];
    const original = typeof number === "number" ? this.#inFlight.get(number) : undefined;
    if (original === undefined) {
      this.#onRefused(number);
      return undefined;
    }
    this.#forget(number as number);
    return { ...message, id: original };
  }

  #outgoingCancel(message: WireMessage): WireMessage | undefined {
    const params = recordOf(message["params"]);
    const number = this.#numbers.get(params["requestId"] as Id);
    // Nothing to cancel: the answer came first.
    if (number === undefined) return undefined;
    this.#forget(number);
    return { ...message, params: { ...params, requestId: number } };
  }

  /** A server names our subscriptions by the number we sent: in `_meta`, and when it cancels one. */
  #incomingNotification(message: WireMessage): WireMessage {
    if ("id" in message) return message;
    const params = recordOf(message["params"]);
    const meta = recordOf(params["_meta"]);
    const subscription = this.#inFlight.get(meta[SUBSCRIPTION_ID] as number);
    if (subscription !== undefined) {
      return { ...message, params: { ...params, _meta: { ...meta, [SUBSCRIPTION_ID]: subscription } } };
    }
    const cancelled = this.#inFlight.get(params["requestId"] as number);
    if (message["method"] !== "notifications/cancelled" || typeof cancelled !== "string") return message;
    return { ...message, params: { ...params, requestId: cancelled } };
  }

  #forget(number: number): void {
    const original = this.#inFlight.get(number);
    this.#inFlight.delete(number);
    if (original !== undefined) this.#numbers.delete(original);
  }
}
