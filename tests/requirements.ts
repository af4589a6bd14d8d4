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
} as const;

export type RequirementId = keyof typeof requirements;
