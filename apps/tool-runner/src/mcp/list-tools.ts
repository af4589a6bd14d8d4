import { METHOD_NOT_FOUND, ProtocolError, type Tool } from "@modelcontextprotocol/client";
import type { Connection } from "./connection.ts";

const MAX_PAGES = 64;
const MAX_TOOLS = 1000;

/**
 * Every page of `tools/list`. A list that never ends is cut, with a problem reported; a server that does not know the
 * method has no tools. Rejects when a page is not answered within `timeoutMs`.
 */
export async function listTools(
  { client }: Connection,
  timeoutMs: number,
  onProblem: (problem: string) => void,
): Promise<Tool[]> {
  const tools: Tool[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES && tools.length < MAX_TOOLS; page += 1) {
    const result = await requestPage(client, cursor, timeoutMs);
    tools.push(...result.tools);
    cursor = result.nextCursor;
    if (cursor === undefined) return tools;
    if (seen.has(cursor)) break;
    seen.add(cursor);
  }
  onProblem(`tools/list does not end; the first ${Math.min(tools.length, MAX_TOOLS)} tools are used`);
  return tools.slice(0, MAX_TOOLS);
}

async function requestPage(client: Connection["client"], cursor: string | undefined, timeoutMs: number) {
  try {
    const params = cursor === undefined ? {} : { params: { cursor } };
    return await client.request({ method: "tools/list", ...params }, { timeout: timeoutMs });
  } catch (error) {
    const hasNoTools = error instanceof ProtocolError && error.code === METHOD_NOT_FOUND;
    if (hasNoTools && cursor === undefined) return { tools: [] };
    throw error;
  }
}
