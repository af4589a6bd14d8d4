import { createHash } from "node:crypto";
import { canonicalJson, type ToolCall } from "@holdfast/protocol";

export interface CallToHash {
  readonly toolset: string;
  /** The tool's own name in its toolset. */
  readonly name: string;
  readonly arguments: ToolCall["arguments"];
  /** Of the tool as it is offered; the terminal's covers its policy and the absolute paths of its commands. */
  readonly definition_sha256: string;
}

/** What an approval is tied to (protocol §4): SHA-256 over RFC 8785 JSON, in hex. */
export function argsSha256({ toolset, name, arguments: args, definition_sha256 }: CallToHash): string {
  const text = canonicalJson({ toolset, name, arguments: args, definition_sha256 });
  return createHash("sha256").update(text).digest("hex");
}
