import { isSpecType } from "@modelcontextprotocol/client";
import { LEFT_OUT, MAX_ITEMS } from "./capped-text.ts";
import type { Layer, WireMessage } from "./layered-transport.ts";
import { localError } from "./local-error.ts";
import { withoutNull } from "./nullable-fields.ts";
import { isRecord, isTooDeep, recordOf, type JsonRecord } from "./record.ts";
import { sanitiseTool } from "./sanitise-tool.ts";

const SAMPLE_CHARACTERS = 2000;
/** Of one page. Each is checked against several schemas, and no model gets more. */
const MAX_TOOLS = 1000;

/**
 * The SDK is strict: one malformed tool makes it refuse the whole `tools/list`, and one odd content item makes it throw
 * after the tool ran. This layer gives it only what it accepts, and loses as little as possible on the way: bad tools are
 * dropped one by one, odd content items become text, missing pieces of a handshake are filled in, and a response that
 * cannot be read at all ends its request instead of leaving it to its timeout.
 */
export class Sanitiser implements Layer {
  readonly #onProblem: (problem: string) => void;
  readonly #methods = new Map<unknown, string>();

  /** `onProblem` hears one sentence for everything that was dropped. */
  constructor(onProblem: (problem: string) => void) {
    this.#onProblem = onProblem;
  }

  outgoing(message: WireMessage): WireMessage {
    const { id, method } = message;
    if (typeof method === "string" && id !== undefined) this.#methods.set(id, method);
    if (method === "notifications/cancelled") this.#methods.delete(recordOf(message["params"])["requestId"]);
    return message;
  }

  incoming(message: WireMessage): WireMessage | undefined {
    if (typeof message["method"] === "string") return sanitiseServerMessage(message);
    const method = this.#methods.get(message["id"]);
    this.#methods.delete(message["id"]);
    const id = message["id"] as string | number;
    const { result, error } = message;
    const [hasError, hasResult] = [error, result].map((part) => part !== undefined && part !== null);
    if (isRecord(error) && !hasResult) return { jsonrpc: "2.0", id, error: sanitiseError(error) };
    if (!isRecord(result) || hasError) return malformed(id);
    if (isTooDeep(result["structuredContent"])) return malformed(id);
    return { jsonrpc: "2.0", id, result: this.#sanitiseResult(method, result) };
  }

  #sanitiseResult(method: string | undefined, result: JsonRecord): JsonRecord {
    const meta = "_meta" in result && !isRecord(result["_meta"]) ? without(result, "_meta") : result;
    switch (method) {
      case "initialize":
        return sanitiseHandshake(meta);
      case "tools/list":
        return this.#sanitiseToolList(meta);
      case "tools/call":
        return sanitiseCallResult(meta);
      default:
        return meta;
    }
  }

  #sanitiseToolList(result: JsonRecord): JsonRecord {
    const { tools, nextCursor, ...rest } = result;
    if (!Array.isArray(tools)) this.#onProblem("tools/list has no array of tools");
    const listed: readonly unknown[] = Array.isArray(tools) ? tools : [];
    if (listed.length > MAX_TOOLS) {
      this.#onProblem(`tools/list has ${listed.length} tools; the first ${MAX_TOOLS} tools are looked at`);
    }
    const kept: JsonRecord[] = [];
    for (const [index, tool] of listed.slice(0, MAX_TOOLS).entries()) {
      const outcome = sanitiseTool(tool);
      if (outcome.problem === undefined) kept.push(outcome.tool);
      else this.#onProblem(`tool ${outcome.name ?? `at position ${index}`} was dropped: ${outcome.problem}`);
    }
    const cursor = typeof nextCursor === "string" && nextCursor !== "" ? { nextCursor } : {};
    return { ...rest, ...cacheHints(rest), tools: kept, ...cursor };
  }
}

/** Required since 2026-07-28, whose results are known by their `resultType`; no reason to lose the tools. */
function cacheHints({ resultType, ttlMs, cacheScope }: JsonRecord): JsonRecord {
  if (resultType === undefined) return {};
  return {
    ttlMs: Number.isSafeInteger(ttlMs) && (ttlMs as number) >= 0 ? ttlMs : 0,
    cacheScope: cacheScope === "public" ? "public" : "private",
  };
}

function sanitiseServerMessage(message: WireMessage): WireMessage | undefined {
  const { id, method, params } = message;
  const isRequest = "id" in message;
  if (isRequest && typeof id !== "string" && typeof id !== "number") return undefined;
  return {
    jsonrpc: "2.0",
    method,
    ...(isRequest && { id }),
    ...(isRecord(params) && { params: sanitiseParams(params) }),
  };
}

function sanitiseParams({ requestedSchema: form, ...params }: JsonRecord): JsonRecord {
  return form === undefined ? params : { ...params, requestedSchema: isRecord(form) ? withoutNull(form) : form };
}

function sanitiseError(error: JsonRecord): JsonRecord {
  const { code, message, data } = error;
  return {
    code: Number.isSafeInteger(code) ? code : -32_603,
    message: typeof message === "string" ? message : "the server gave no message",
    ...(data !== undefined && { data }),
  };
}

function sanitiseHandshake(result: JsonRecord): JsonRecord {
  const info = recordOf(result["serverInfo"]);
  const text = (value: unknown) => (typeof value === "string" ? value : "unknown");
  const { instructions, ...rest } = result;
  return {
    ...rest,
    serverInfo: { name: text(info["name"]), version: text(info["version"]) },
    capabilities: sanitiseCapabilities(recordOf(result["capabilities"])),
    ...(typeof instructions === "string" && { instructions }),
  };
}

/** Only whether the tools can change is of use here; anything else in odd shape would make the SDK refuse the server. */
function sanitiseCapabilities({ tools }: JsonRecord): JsonRecord {
  if (tools === undefined || tools === null || tools === false) return {};
  return { tools: recordOf(tools)["listChanged"] === true ? { listChanged: true } : {} };
}

function malformed(id: string | number): WireMessage {
  return { ...localError(id, "malformed", "the server's answer is no JSON-RPC response") };
}

function sanitiseCallResult(result: JsonRecord): JsonRecord {
  // A question and no result yet; what stands in it is checked where it is answered.
  if (result["resultType"] === "input_required") return result;
  const { content, isError, structuredContent, ...rest } = result;
  const items = contentItems(content);
  const leftOut = items.length - MAX_ITEMS;
  return {
    // Of a server of 2026-07-28 that leaves it out; for the older era it means nothing.
    resultType: "complete",
    ...rest,
    ...(leftOut > 0 && { _meta: { ...recordOf(rest["_meta"]), [LEFT_OUT]: leftOut } }),
    content: items.slice(0, MAX_ITEMS).map(sanitiseContent),
    ...((isError === true || isError === "true" || isError === 1) && { isError: true }),
    ...(structuredContent !== undefined && structuredContent !== null && { structuredContent }),
  };
}

function contentItems(content: unknown): unknown[] {
  if (Array.isArray(content)) return content;
  return content === undefined || content === null ? [] : [content];
}

function sanitiseContent(item: unknown): unknown {
  if (isSpecType.ContentBlock(item)) return item;
  if (typeof item === "string") return { type: "text", text: item };
  const { text } = recordOf(item);
  if (typeof text === "string") return { type: "text", text };
  return { type: "text", text: `[content of an unknown kind] ${sampleOf(item)}` };
}

function sampleOf(item: unknown): string {
  return isTooDeep(item) ? "nested too deep" : JSON.stringify(item).slice(0, SAMPLE_CHARACTERS);
}

function without(record: JsonRecord, key: string): JsonRecord {
  const { [key]: _dropped, ...rest } = record;
  return rest;
}
