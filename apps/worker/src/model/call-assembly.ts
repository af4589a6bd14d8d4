import type { JournalCall } from "@holdfast/bus";

/** A piece of a tool call as compatible servers send it: any field may be missing. */
export interface CallDelta {
  readonly index?: number | null | undefined;
  readonly id?: string | null | undefined;
  readonly function?: { readonly name?: string | null | undefined; readonly arguments?: unknown } | null | undefined;
}

interface OpenCall {
  id: string;
  name: string;
  arguments: string;
}

/**
 * Puts tool calls together from their deltas. Servers differ:
 * - most number the calls with `index`; some number every call 0 and tell them apart by `id`, so a new id begins a new call;
 * - some leave out both and send each call whole, so a delta with a name begins a new call;
 * - some repeat the name with every delta of a call, so it is taken once;
 * - some send `arguments` as an object instead of JSON text.
 */
export class CallAssembly {
  readonly #calls: OpenCall[] = [];
  readonly #byIndex = new Map<number, OpenCall>();

  add(delta: CallDelta): void {
    const call = this.#find(delta) ?? this.#open(delta);
    if (delta.id) call.id = delta.id;
    call.name ||= delta.function?.name ?? "";
    call.arguments += argumentText(delta.function?.arguments);
  }

  get calls(): readonly JournalCall[] {
    return this.#calls.filter((call) => call.name !== "" || call.arguments !== "");
  }

  #find(delta: CallDelta): OpenCall | undefined {
    const last = this.#calls.at(-1);
    if (typeof delta.index === "number") {
      const numbered = this.#byIndex.get(delta.index);
      return numbered && isAnother(numbered, delta) ? undefined : numbered;
    }
    if (delta.id) return this.#calls.find((call) => call.id === delta.id);
    return delta.function?.name && last?.name ? undefined : last;
  }

  #open(delta: CallDelta): OpenCall {
    const call = { id: "", name: "", arguments: "" };
    this.#calls.push(call);
    if (typeof delta.index === "number") this.#byIndex.set(delta.index, call);
    return call;
  }
}

/** The same index with another id: a server that numbers every call 0. */
function isAnother(call: OpenCall, delta: CallDelta): boolean {
  return Boolean(delta.id && call.id && delta.id !== call.id && delta.function?.name);
}

function argumentText(given: unknown): string {
  if (typeof given === "string") return given;
  return given === undefined || given === null ? "" : JSON.stringify(given);
}
