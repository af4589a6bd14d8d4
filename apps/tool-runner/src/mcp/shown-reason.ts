import { redact } from "@holdfast/telemetry";
import { visibleText } from "./tool-text.ts";

/** Why a server is not well, for people. The server has a say in it, so it may hold secrets and what nobody can see. */
export function shownReason(reason: string): string {
  return visibleText(redact(reason));
}
