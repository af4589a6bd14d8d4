/** The kill matrix (protocol §3.4). */
export const killMatrix = {
  "chaos.worker": "A killed worker's answer is finished by another, exactly (protocol §3.4)",
  "chaos.zombie": "A worker that stood still and was replaced writes nothing when it wakes up (protocol §2.6, §3.4)",
  "chaos.gateway": "A killed gateway's readers continue exactly at another (protocol §3.4, §5.3)",
  "chaos.tool-runner": "A tool call whose tool-runner is killed has its effect at most once (protocol §2.7, §3.4)",
  "chaos.redis": "Redis killed and started again on its AOF loses and doubles nothing (protocol §3.4)",
} as const;
