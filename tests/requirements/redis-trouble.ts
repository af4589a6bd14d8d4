/** Redis is there and does not serve (protocol §3.4, §4). */
export const redisTrouble = {
  "trouble.partition":
    "A network that is silent for 12 s costs a pause: every service says so and recovers (protocol §3.4)",
  "redis.tls":
    "Services speak TLS with a Redis whose certificate they trust, and say why not where they do not (protocol §6.2)",
  "trouble.full": "A Redis whose memory is used up costs a pause: nothing accepted is lost (protocol §3.4)",
  "trouble.lost-tail":
    "A Redis that lost its last seconds gets from the owners what they had shown; readers are told to forget it first (protocol §3.4, §5.5)",
  "trouble.read-only": "A Redis that refuses writes costs a pause: nothing accepted is lost (protocol §3.4)",
  "run.all-or-nothing": "A Redis that is full refuses a write as a whole (protocol §2.6)",
  "deploy.rolling":
    "A rolling restart of all services under load loses nothing and costs a pause (protocol §3.4, §7.2)",
  "ready.logged": "Every service logs when it stops being ready, why, and when it is again (protocol §7.2, §8.1)",

  "chaos.question":
    "What a tool's server asks a human survives every process but those that run its call, and is answered once (protocol §2.7)",
  "chaos.approval":
    "A run that waits for a human is untouched by a death, and goes on exactly once (protocol §2.3, §3.4)",
  "chaos.pubsub": "Cut live subscriptions lose and double nothing (protocol §3.1, §3.4)",
} as const;
