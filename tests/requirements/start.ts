/** Starting and stopping (protocol §7). */
export const start = {
  "start.ready": "`npm start` runs the whole stack and prints its URL when it is ready (protocol §7.1)",
  "start.answer": "The started stack answers a message on the demo model, without any key (protocol §6.2, §7.1)",
  "start.keeps": "Conversations outlive a restart of `npm start` (protocol §7.1, issue item 9)",
  "start.stop": "Ctrl-C stops every process of the stack and exits 0 (protocol §7.1)",
  "start.ports": "A port taken by somebody else does not break `npm start` (protocol §7.1)",
  "start.killed":
    "What a killed `npm start` left behind is stopped by the next one, which keeps its data (protocol §7.1)",
} as const;
