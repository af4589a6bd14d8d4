/** The reader: client and page (protocol §3.3, §5). */
export const reader = {
  "client.reader": "The client's reducer applies the reader rule to the letter (protocol §3.3)",
  "client.attempt-unknown": "An attempt of a step that says nothing leaves the answer as it was (protocol §3.3, §3.4)",
  "client.prefix":
    "At every moment the shown text is a prefix of one sample, and it ends as the output's (protocol §3.4)",
  "client.redelivery": "Events delivered again change nothing a reader shows (protocol §3.3)",
  "client.delivery":
    "Whatever breaks, resumes, repeats and merges, a reader ends with what a simple model shows (protocol §3.3, §3.4)",
  "client.merged": "Merged token frames show the same as single ones, from any cursor (protocol §5.2)",
  "client.compacted": "A compacted log shows the same texts, also from a cursor inside it (protocol §3.5, §5.5)",
  "client.snapshot": "Following from a snapshot's cursor continues it exactly (protocol §4)",
  "client.sse-chunks": "The client reads SSE in any chunking and with any line ends (protocol §5.2)",
  "client.follow": "The client resumes by Last-Event-ID over broken connections without loss or repeat (protocol §5.3)",
  "client.send": "The client sends a message again under the same id until it is accepted (protocol §4)",
} as const;
