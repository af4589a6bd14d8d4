/**
 * The three kinds of output item of the Responses API and the events around each. An item is added empty, grows by deltas and
 * is closed by its `done` events, which repeat it whole. Items follow one another; only the last one is open.
 */

/** An event without its `sequence_number`. */
export type ItemEvent = { type: string } & Record<string, unknown>;

export interface OpenItem {
  readonly kind: "message" | "reasoning" | "function_call";
  opened(): ItemEvent[];
  delta(text: string): ItemEvent[];
  closed(): ItemEvent[];
  /** The item as it stands in the finished response. */
  item(): object;
}

export function openMessage(id: string, outputIndex: number): OpenItem {
  const place = { item_id: id, output_index: outputIndex, content_index: 0 };
  let text = "";
  const part = () => ({ type: "output_text", annotations: [], logprobs: [], text });
  const item = (status: string, content: object[]) => ({ id, type: "message", status, role: "assistant", content });
  return {
    kind: "message",
    opened: () => [
      { type: "response.output_item.added", output_index: outputIndex, item: item("in_progress", []) },
      { type: "response.content_part.added", ...place, part: part() },
    ],
    delta: (piece) => {
      text += piece;
      return [{ type: "response.output_text.delta", ...place, delta: piece, logprobs: [] }];
    },
    closed: () => [
      { type: "response.output_text.done", ...place, text, logprobs: [] },
      { type: "response.content_part.done", ...place, part: part() },
      { type: "response.output_item.done", output_index: outputIndex, item: item("completed", [part()]) },
    ],
    item: () => item("completed", [part()]),
  };
}

export function openReasoning(id: string, outputIndex: number): OpenItem {
  const place = { item_id: id, output_index: outputIndex, summary_index: 0 };
  let text = "";
  const part = () => ({ type: "summary_text", text });
  const item = (summary: object[]) => ({ id, type: "reasoning", summary });
  return {
    kind: "reasoning",
    opened: () => [
      { type: "response.output_item.added", output_index: outputIndex, item: item([]) },
      { type: "response.reasoning_summary_part.added", ...place, part: part() },
    ],
    delta: (piece) => {
      text += piece;
      return [{ type: "response.reasoning_summary_text.delta", ...place, delta: piece }];
    },
    closed: () => [
      { type: "response.reasoning_summary_text.done", ...place, text },
      { type: "response.reasoning_summary_part.done", ...place, part: part() },
      { type: "response.output_item.done", output_index: outputIndex, item: item([part()]) },
    ],
    item: () => item([part()]),
  };
}

export function openFunctionCall(id: string, outputIndex: number, call: { id: string; name: string }): OpenItem {
  const place = { item_id: id, output_index: outputIndex };
  let args = "";
  const item = (status: string) => ({
    id,
    type: "function_call",
    status,
    arguments: args,
    call_id: call.id,
    name: call.name,
  });
  return {
    kind: "function_call",
    opened: () => [{ type: "response.output_item.added", output_index: outputIndex, item: item("in_progress") }],
    delta: (piece) => {
      args += piece;
      return [{ type: "response.function_call_arguments.delta", ...place, delta: piece }];
    },
    closed: () => [
      { type: "response.function_call_arguments.done", ...place, arguments: args },
      { type: "response.output_item.done", output_index: outputIndex, item: item("completed") },
    ],
    item: () => item("completed"),
  };
}
