/** The contract itself (docs/protocol.md). */
export const contract = {
  "run.transitions": "A run's status changes only as the table of transitions says (protocol §3.2)",
  "protocol.doc": "docs/protocol.md and the schemas name the same fields (protocol §2, §3)",
  "log.uuid": "An event's UUID is arithmetic on its entry id (protocol §3.1)",
  "config.example": "The documented configuration is valid (protocol §6.1)",
  "config.defaults": "A configuration needs no more than an agent and its model (protocol §6.1)",
  "config.redis-url":
    "A malformed address of Redis is a configuration error, not a process that waits (protocol §6.2, §7.2)",
  "config.redis-kinds": "REDIS_URL names one server, a Cluster or Sentinels (protocol §6.2)",
  "config.refused": "A wrong configuration is refused with the place of the mistake (protocol §6.1)",
  "config.paste": "MCP configurations of other hosts paste unchanged (protocol §6.1)",
  "envelope.bare": "An envelope written by hand needs only the conversation and the content (protocol §2.2)",
  "envelope.refused": "What is no envelope is refused (protocol §2.4)",
} as const;
