import { METHOD_NOT_FOUND, ProtocolError, SdkError, SdkErrorCode, type Tool } from "@modelcontextprotocol/client";
import { ConnectError, type Connection } from "./connection.ts";

const MAX_PAGES = 64;
const MAX_TOOLS = 1000;
/** Of all definitions together, as JSON: they are kept here, published, and offered to models. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/**
 * Every page of `tools/list`, in `timeoutMs` for all of them. A list that never ends, or is too large, is cut, with a problem
 * reported; a server that does not know the method has no tools. Rejects when the first page is not answered, with the
 * reason where the server died.
 */
export async function listTools(
  connection: Connection,
  timeoutMs: number,
  onProblem: (problem: string) => void,
): Promise<Tool[]> {
  const deadline = performance.now() + timeoutMs;
  const list = new ToolList();
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const leftMs = deadline - performance.now();
    const result = leftMs > 0 ? await requestPage(connection, cursor, leftMs) : "late";
    if (result === "late" && cursor === undefined) {
      throw new ConnectError(`tools/list was not answered within ${timeoutMs} ms`);
    }
    if (result === "late") break;
    const isWhole = list.add(result.tools);
    cursor = result.nextCursor;
    if (cursor === undefined) {
      if (!isWhole) onProblem(`tools/list is too large; the first ${list.tools.length} tools are used`);
      return list.tools;
    }
    if (!isWhole) break;
    if (seen.has(cursor)) break;
    seen.add(cursor);
  }
  onProblem(`tools/list does not end; the first ${list.tools.length} tools are used`);
  return list.tools;
}

class ToolList {
  readonly tools: Tool[] = [];
  #characters = 0;

  /** False when not all of them have a place. */
  add(tools: readonly Tool[]): boolean {
    for (const tool of tools) {
      this.#characters += JSON.stringify(tool).length;
      if (this.tools.length >= MAX_TOOLS || this.#characters > MAX_CHARACTERS) return false;
      this.tools.push(tool);
    }
    return true;
  }
}

async function requestPage(
  connection: Connection,
  cursor: string | undefined,
  timeoutMs: number,
): Promise<{ tools: Tool[]; nextCursor?: string | undefined } | "late"> {
  try {
    const params = cursor === undefined ? {} : { params: { cursor } };
    return await connection.client.request({ method: "tools/list", ...params }, { timeout: timeoutMs });
  } catch (error) {
    const hasNoTools = error instanceof ProtocolError && error.code === METHOD_NOT_FOUND;
    if (hasNoTools && cursor === undefined) return { tools: [] };
    if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) return "late";
    if (!connection.isOpen()) throw new ConnectError(await connection.ended, { cause: error });
    throw error;
  }
}
