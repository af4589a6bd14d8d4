/** A tool call the demo model wants to make. */
export interface PlannedCall {
  /** As offered in the request. */
  name: string;
  arguments: Record<string, unknown>;
}

/** What the demo model is going to say: reasoning first, then Markdown, then tool calls. */
export interface Plan {
  reasoning?: string;
  text: string;
  calls?: PlannedCall[];
}
