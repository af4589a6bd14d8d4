import { type ApprovalEvent, type MessageEnvelope, Run, RunStatus, type Usage } from "@holdfast/protocol";
import type { Refusal } from "../ports/conversations.ts";
import type { QueueSource } from "../ports/entry.ts";
import type { Journal, JournalResult, JournalStep, SteeredMessage } from "../ports/runs.ts";

/** A run's hash in Redis, read. Fields `j:step:<n>`, `j:result:<tool_call_id>`, `j:started:<tool_call_id>`,
 * `j:steered:<step>` are its journal. */
type Fields = ReadonlyMap<string, string>;

const NO_USAGE: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

export const statusOf = (fields: Fields): RunStatus => RunStatus.parse(fields.get("status"));
export const envelopeOf = (fields: Fields): MessageEnvelope =>
  JSON.parse(fields.get("envelope") ?? "null") as MessageEnvelope;

export function refusalOf(fields: Fields): { readonly refusal?: Refusal } {
  const refusal = fields.get("refusal");
  return refusal === undefined ? {} : { refusal: JSON.parse(refusal) as Refusal };
}

export function sourceOf(fields: Fields): { readonly source?: QueueSource } {
  const entryId = fields.get("source_id");
  return entryId === undefined ? {} : { source: { entryId, deliveries: Number(fields.get("deliveries")) } };
}

export function journalOf(fields: Fields): Journal {
  const steps: JournalStep[] = [];
  const results = new Map<string, JournalResult>();
  const started = new Map<string, string>();
  const steered = new Map<number, SteeredMessage[]>();
  for (const [field, value] of fields) {
    if (field.startsWith("j:step:")) steps.push(JSON.parse(value) as JournalStep);
    else if (field.startsWith("j:result:"))
      results.set(field.slice("j:result:".length), JSON.parse(value) as JournalResult);
    else if (field.startsWith("j:started:")) started.set(field.slice("j:started:".length), value);
    else if (field.startsWith("j:steered:"))
      steered.set(Number(field.slice("j:steered:".length)), JSON.parse(value) as SteeredMessage[]);
  }
  return { steps: steps.toSorted((a, b) => a.step - b.step), results, started, steered };
}

/** What `GET /v1/runs/:id` shows. */
export function publicRun(conversationId: string, fields: Fields, approvals: readonly ApprovalEvent[]): Run {
  const optional = (name: string, key: string): object => (fields.has(key) ? { [name]: fields.get(key) } : {});
  const startedMs = fields.get("started_ms");
  return Run.parse({
    id: fields.get("id"),
    conversation_id: conversationId,
    message_id: fields.get("message_id"),
    agent: fields.get("agent"),
    status: fields.get("status"),
    attempt: Number(fields.get("attempt") ?? 0),
    steps: Number(fields.get("steps") ?? 0),
    usage: fields.has("usage") ? (JSON.parse(fields.get("usage") ?? "") as Usage) : NO_USAGE,
    created_at: fields.get("created_at"),
    ...(startedMs ? { started_at: new Date(Number(startedMs)).toISOString() } : {}),
    ...optional("finished_at", "finished_at"),
    ...optional("reason", "reason"),
    ...(fields.get("status") === "requires_action" || approvals.length > 0 ? { approvals } : {}),
    ...(fields.has("error") ? { error: JSON.parse(fields.get("error") ?? "") as unknown } : {}),
  });
}
