import type { FrameEvent } from "@holdfast/protocol";

/** One SSE frame: the entry id and the parsed `data`, not yet checked. */
export interface Frame {
  readonly id: string;
  readonly event: { readonly event: string };
}

type Kind = FrameEvent["event"];
type Primitive = "string" | "number" | "boolean";

const ofRun = { run_id: "string", attempt: "number" } as const;

/** The fields the reducer relies on. Checking these costs a tenth of a schema parse, and this runs for every token. */
const REQUIRED: Readonly<Record<Kind, Readonly<Record<string, Primitive>>>> = {
  user_message: { message_id: "string", sender: "string", content: "string" },
  run: { ...ofRun, status: "string", message_id: "string" },
  attempt: { ...ofRun, mode: "string", step: "number", keep_offset: "number" },
  token: { ...ofRun, step: "number", offset: "number", text: "string" },
  step: { ...ofRun, step: "number", text: "string" },
  tool_step: { ...ofRun, step: "number", tool_call_id: "string", name: "string", status: "string" },
  approval: { ...ofRun, approval_id: "string", tool_call_id: "string", name: "string", status: "string" },
  output: { ...ofRun, text: "string", finish_reason: "string" },
  control: { command: "string", state: "string" },
  error: { code: "string", message: "string" },
  reset: { conversation_id: "string" },
};

/** The event where it is one the reducer knows and carries what it needs; undefined for anything else. */
export function knownEvent(event: Frame["event"]): FrameEvent | undefined {
  if (!Object.hasOwn(REQUIRED, event.event)) return undefined;
  const required = REQUIRED[event.event as Kind];
  for (const field in required) {
    if (typeof (event as Readonly<Record<string, unknown>>)[field] !== required[field]) return undefined;
  }
  return event as FrameEvent;
}

/** `data` of an SSE message as a frame; undefined where it is not a JSON object with an `event`. */
export function parseFrame(id: string, data: string): Frame | undefined {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof event !== "object" || event === null || !("event" in event)) return undefined;
  return typeof event.event === "string" ? { id, event: event as Frame["event"] } : undefined;
}
