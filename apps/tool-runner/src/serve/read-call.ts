import type { Entry } from "@holdfast/bus";
import { isUuid, ToolCall } from "@holdfast/protocol";

/** Reads what stands in `tools:<toolset>`, where anybody may have put it (protocol §2.7). */
export function readCall(entry: Entry): ToolCall | { readonly problem: string } {
  if (!isUuid(entry.id)) return { problem: "the field id is no UUID" };
  try {
    const call = ToolCall.safeParse(JSON.parse(entry.payload));
    if (call.success) return call.data;
    return { problem: call.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ") };
  } catch {
    return { problem: "the field payload is not JSON" };
  }
}
