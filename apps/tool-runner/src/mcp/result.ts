import type { CallToolResult, ContentBlock, EmbeddedResource } from "@modelcontextprotocol/client";
import type { ToolResultStatus } from "@holdfast/protocol";
import { capItems, cutMiddle, LEFT_OUT, TEXT_CAP_BYTES, type Item } from "./capped-text.ts";
import type { Validator } from "./json-schema.ts";

/** What became of a call, in the shape of the contract's ToolResult (protocol §2.7). */
export interface ToolOutcome {
  readonly status: ToolResultStatus;
  /** Every item has a `text` for the model; its `type` tells what the text stands for. */
  readonly content: readonly Item[];
  readonly structured?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly truncated?: true;
  readonly duration_ms: number;
}

export type UntimedOutcome = Omit<ToolOutcome, "duration_ms">;

const MESSAGE_BYTES = 2000;

/** An end that no server described: the message is both the error and what the model reads. */
export function endedOutcome(
  status: Exclude<ToolResultStatus, "completed">,
  code: string,
  message: string,
): UntimedOutcome {
  const shown = cutMiddle(message, MESSAGE_BYTES);
  return { status, content: [{ type: "text", text: shown }], error: { code, message: shown } };
}

/** The server's answer. `isError`, and structured content that is missing or wrong where it was promised, are failures. */
export function answeredOutcome(result: CallToolResult, validateStructured?: Validator): UntimedOutcome {
  const shown = shownContent(result);
  if (result.isError === true) {
    const message = cutMiddle(shown.content[0]?.text ?? "the tool reported an error", MESSAGE_BYTES);
    return { status: "failed", ...shown, error: { code: "tool_error", message } };
  }
  const { structuredContent } = result;
  const problems = validateStructured?.(structuredContent) ?? [];
  if (problems.length > 0) {
    const what = structuredContent === undefined ? "is missing" : `is wrong: ${problems.join("; ")}`;
    const message = `The tool ran, but the structured content it promised ${what}.`;
    return endedOutcome("failed", "invalid_structured_content", message);
  }
  if (structuredContent === undefined) return { status: "completed", ...shown };
  const isTooLarge = Buffer.byteLength(JSON.stringify(structuredContent)) > TEXT_CAP_BYTES;
  return { status: "completed", ...shown, ...(isTooLarge ? { truncated: true } : { structured: structuredContent }) };
}

/** Where there is only structured content, its JSON is the text. */
function shownContent({
  content,
  structuredContent,
  _meta,
}: CallToolResult): Pick<UntimedOutcome, "content" | "truncated"> {
  const items = content.map(itemOf);
  if (items.length === 0 && structuredContent !== undefined) {
    items.push({ type: "text", text: JSON.stringify(structuredContent) });
  }
  const leftOut = _meta?.[LEFT_OUT];
  const capped = capItems(items, TEXT_CAP_BYTES, Number.isSafeInteger(leftOut) ? Math.max(0, leftOut as number) : 0);
  return { content: capped.items, ...(capped.isTruncated && { truncated: true }) };
}

/** Binary content stays out of the model's text: it is named by kind, type and size. */
function itemOf(block: ContentBlock): Item {
  switch (block.type) {
    case "text":
      return { type: "text", text: block.text };
    case "image":
    case "audio":
      return reference(block.type, `${block.mimeType}, ${base64Bytes(block.data)} bytes`);
    case "resource_link":
      return reference("resource_link", `${block.name}, ${block.uri}`);
    default:
      return resourceItem(block.resource);
  }
}

function resourceItem(resource: EmbeddedResource["resource"]): Item {
  const what = resource.mimeType === undefined ? resource.uri : `${resource.uri}, ${resource.mimeType}`;
  if ("text" in resource) return { type: "resource", text: `[resource: ${what}]\n${resource.text}` };
  return reference("resource", `${what}, ${base64Bytes(resource.blob)} bytes`);
}

function reference(type: string, what: string): Item {
  return { type, text: `[${type}: ${what}]` };
}

function base64Bytes(data: string): number {
  return Buffer.byteLength(data, "base64");
}
