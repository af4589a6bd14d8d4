/**
 * Every promise of the contract, as data: an id and one sentence with its place in docs/protocol.md.
 * A test that verifies a promise starts its title with `[id]`; `coverage.test.ts` fails on an id that no test names and on a
 * test that names an unknown id. One area per block, so that two people rarely touch the same lines.
 */
export const requirements = {
  // Starting and stopping (protocol §7)
  "start.ready": "`npm start` runs the whole stack and prints its URL when it is ready (protocol §7.1)",
  "start.answer": "The started stack answers a message on the demo model, without any key (protocol §6.2, §7.1)",
  "start.keeps": "Conversations outlive a restart of `npm start` (protocol §7.1, issue item 9)",
  "start.stop": "Ctrl-C stops every process of the stack and exits 0 (protocol §7.1)",
  "start.ports": "A port taken by somebody else does not break `npm start` (protocol §7.1)",
  "start.killed":
    "What a killed `npm start` left behind is stopped by the next one, which keeps its data (protocol §7.1)",

  // The reader: client and page (protocol §3.3, §5)
  "client.reader": "The client's reducer applies the reader rule to the letter (protocol §3.3)",
  "client.prefix":
    "At every moment the shown text is a prefix of one sample, and it ends as the output's (protocol §3.4)",
  "client.redelivery": "Events delivered again change nothing a reader shows (protocol §3.3)",
  "client.merged": "Merged token frames show the same as single ones, from any cursor (protocol §5.2)",
  "client.compacted": "A compacted log shows the same texts, also from a cursor inside it (protocol §3.5, §5.5)",
  "client.snapshot": "Following from a snapshot's cursor continues it exactly (protocol §4)",
  "client.sse-chunks": "The client reads SSE in any chunking and with any line ends (protocol §5.2)",
  "client.follow": "The client resumes by Last-Event-ID over broken connections without loss or repeat (protocol §5.3)",
  "client.send": "The client sends a message again under the same id until it is accepted (protocol §4)",
} as const;

export type RequirementId = keyof typeof requirements;
