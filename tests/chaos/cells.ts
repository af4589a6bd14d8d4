/** The kill matrix as data: what is killed, at which moment, with how many conversations, and what each cell may cost. */

export const ROLES = ["gateway", "worker", "tool-runner", "mcp-server", "redis", "zombie", "pubsub"] as const;
export type Role = (typeof ROLES)[number];

export const MOMENTS = [
  "accept",
  "first-token",
  "mid-tokens",
  "before-tool",
  "during-tool",
  "approval",
  "question",
  "before-end",
] as const;
export type MomentName = (typeof MOMENTS)[number];

export const CONVERSATIONS = [1, 20] as const;

/** The agents of the site: `careful` asks a human before every booking. */
export type AgentUnderFire = "assistant" | "careful";

export interface Cell {
  readonly role: Role;
  readonly moment: MomentName;
  readonly conversations: number;
}

export const ROLE_WORDS: Record<Role, string> = {
  gateway: "SIGKILL of the gateway that a reader is connected to",
  worker: "SIGKILL of the worker that owns the run",
  "tool-runner": "SIGKILL of the tool-runner that has the call",
  "mcp-server": "SIGKILL of the MCP server that has the call",
  redis: "SIGKILL of Redis (AOF `everysec`), started again on the same directory",
  zombie: "SIGSTOP of the worker that owns the run, SIGCONT after another has taken it over",
  pubsub: "`CLIENT KILL TYPE pubsub`: every live subscription is cut",
};

export const MOMENT_WORDS: Record<MomentName, string> = {
  accept: "while a message is accepted, before its 202 (worker and zombie: a bare XADD, which the worker accepts)",
  "first-token": "a model call has begun and said nothing yet",
  "mid-tokens": "words are flowing",
  "before-tool": "the step is durable and its tool calls are not begun",
  "during-tool": "the tool has had its effect and has not answered",
  approval: "the run waits for a human, who approves right after the kill",
  question:
    "a tool's server asks a human in the middle of the call, who answers right after the kill, at the same time or just before",
  "before-end": "every word is shown and the run has not ended",
};

export function idOf({ role, moment, conversations }: Cell): string {
  return `${role}/${moment}/${conversations}`;
}

export function allCells(): Cell[] {
  return ROLES.flatMap((role) =>
    MOMENTS.flatMap((moment) => CONVERSATIONS.map((conversations) => ({ role, moment, conversations }))),
  );
}

/** What `pnpm chaos --quick` and `npm test` run. */
export const QUICK: readonly Cell[] = [
  { role: "worker", moment: "mid-tokens", conversations: 1 },
  { role: "zombie", moment: "mid-tokens", conversations: 1 },
  { role: "gateway", moment: "mid-tokens", conversations: 1 },
  { role: "tool-runner", moment: "during-tool", conversations: 1 },
  { role: "redis", moment: "before-end", conversations: 1 },
  { role: "pubsub", moment: "mid-tokens", conversations: 1 },
  { role: "worker", moment: "approval", conversations: 1 },
  { role: "gateway", moment: "question", conversations: 1 },
];

export interface Bound {
  /** Of the longest silences of the conversations that were hit, in milliseconds. */
  readonly p95Ms: number;
  readonly maxMs: number;
}

const TOOL_MOMENTS: ReadonlySet<MomentName> = new Set(["before-tool", "during-tool", "question"]);

/**
 * How long a reader may see nothing move.
 * - A worker's death shows within 2.5 s and is looked for every half second; contract: 4 s to the next token.
 * - A gateway's readers reconnect to another at once; a cut subscription is opened again and repaired by sequence number.
 * - Redis is away for up to 0.9 s here, and clients wait up to 1.25 s between two tries. Its restart looks like everybody's
 *   death: whoever then is robbed of a run costs another takeover.
 * - A call that a tool-runner had begun is answered `unknown` when its death shows, contract: 20 s after the runner's
 *   return; one it had not begun goes to another runner. An MCP server's call in flight is `unknown` within 5 s; what is
 *   approved after its death waits for another to start.
 */
export function boundOf({ role, moment }: Cell): Bound {
  const tool = TOOL_MOMENTS.has(moment);
  switch (role) {
    case "worker":
    case "zombie":
      return { p95Ms: 4_000, maxMs: 6_000 };
    case "tool-runner":
      return tool ? { p95Ms: 10_000, maxMs: 15_000 } : { p95Ms: 2_000, maxMs: 4_000 };
    case "mcp-server":
      if (moment === "approval") return { p95Ms: 3_000, maxMs: 4_000 };
      return tool ? { p95Ms: 5_000, maxMs: 6_000 } : { p95Ms: 2_000, maxMs: 4_000 };
    case "redis":
      return { p95Ms: 6_000, maxMs: 9_000 };
    case "gateway":
    case "pubsub":
      return { p95Ms: 2_000, maxMs: 4_000 };
  }
}

/**
 * Whether a tool call may end without having completed: its executor was killed with the outcome in its head. What it wanted to
 * know of a human then ends with it.
 */
export function mayLoseOutcome({ role, moment }: Cell): boolean {
  return (role === "tool-runner" || role === "mcp-server") && (moment === "during-tool" || moment === "question");
}
