/** Retention (protocol §3.5). */
export const retention = {
  "retention.compact": "Tokens of a finished answer are compacted, and nothing else (protocol §3.5)",
  "retention.full": "A Redis whose memory is used up is made room in all the same (protocol §3.5)",
  "retention.live": "Nothing live is compacted; a finished step of a running run is (protocol §3.5)",
  "retention.grace": "Tokens of a finished step are kept for HOLDFAST_COMPACT_GRACE_MS (protocol §3.5)",
  "retention.expire":
    "A conversation leaves nothing behind HOLDFAST_CONVERSATION_TTL_MS after its last activity (protocol §3.5)",
  "retention.replay":
    "A compacted conversation reads the same, also from a cursor inside it (protocol §3.3, §3.5, §5.5)",
  "retention.memory": "A finished answer takes three times its text and a fixed number of bytes (protocol §3.5)",
  "retention.pointers": "Runs and approvals are found as long as their conversation is kept (protocol §3.5, §4)",
  "retention.busy": "A conversation at work never expires (protocol §3.5)",
} as const;
