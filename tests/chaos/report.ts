import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { boundOf, type Cell, CONVERSATIONS, idOf, MOMENT_WORDS, MOMENTS, ROLE_WORDS, ROLES } from "./cells.ts";
import { type CellResult, percentile } from "./run-cells.ts";

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

/** `p50/p95/max` in seconds. */
export function recoveryOf(silencesMs: readonly number[]): string {
  return [50, 95, 100].map((percent) => seconds(percentile(silencesMs, percent))).join("/");
}

export function lineOf({ cell, problems, silencesMs, resets }: CellResult): string {
  const verdict = problems.length === 0 ? "exact" : "NOT EXACT";
  const withResets = resets > 0 ? `, ${resets} resets` : "";
  const lines = [`${idOf(cell).padEnd(28)} ${verdict.padEnd(9)} ${recoveryOf(silencesMs)} s${withResets}`];
  return [...lines, ...problems.slice(0, 12).map((problem) => `    ${problem}`)].join("\n");
}

/** Rows are roles, columns moments; each field has the cell of one conversation and the cell of many. */
export function tableOf(results: readonly CellResult[]): string {
  const byId = new Map(results.map((result) => [idOf(result.cell), result]));
  const field = (cell: Cell): string => {
    const result = byId.get(idOf(cell));
    if (!result) return "–";
    return `${result.problems.length === 0 ? "" : "**NOT EXACT** "}${recoveryOf(result.silencesMs)}`;
  };
  const header = `| killed | conversations | ${MOMENTS.join(" | ")} |`;
  const rule = `|---|---|${MOMENTS.map(() => "---|").join("")}`;
  const rows = ROLES.flatMap((role) =>
    CONVERSATIONS.map((conversations) => {
      const fields = MOMENTS.map((moment) => field({ role, moment, conversations }));
      return `| ${role} | ${conversations} | ${fields.join(" | ")} |`;
    }),
  );
  return [header, rule, ...rows].join("\n");
}

export interface Summary {
  readonly exact: number;
  readonly ran: number;
  /** p95 and worst of the workers that died or stood still. */
  readonly workers: string;
  readonly worst: string;
}

export function summaryOf(results: readonly CellResult[]): Summary {
  const silences = (from: readonly CellResult[]) => from.flatMap(({ silencesMs }) => silencesMs);
  const workers = results.filter(({ cell }) => cell.role === "worker" || cell.role === "zombie");
  const slowest = results.toSorted((a, b) => percentile(b.silencesMs, 100) - percentile(a.silencesMs, 100))[0];
  return {
    exact: results.filter(({ problems }) => problems.length === 0).length,
    ran: results.length,
    workers: recoveryOf(silences(workers)),
    worst: slowest ? `${seconds(percentile(slowest.silencesMs, 100))} s (${idOf(slowest.cell)})` : "none",
  };
}

/** One run of all cells. */
export interface Schedule {
  readonly seed: number;
  readonly results: readonly CellResult[];
  readonly tookMs: number;
}

/** What several runs of the same cells saw, cell by cell. */
export function together(runs: readonly (readonly CellResult[])[]): CellResult[] {
  const byId = new Map<string, CellResult>();
  for (const result of runs.flat()) {
    const before = byId.get(idOf(result.cell));
    byId.set(idOf(result.cell), before ? both(before, result) : result);
  }
  return [...byId.values()];
}

const both = (one: CellResult, other: CellResult): CellResult => ({
  cell: one.cell,
  rounds: one.rounds + other.rounds,
  problems: [...one.problems, ...other.problems],
  exactProblems: [...one.exactProblems, ...other.exactProblems],
  silencesMs: [...one.silencesMs, ...other.silencesMs],
  resets: one.resets + other.resets,
});

export function outcomeOf({ seed, results, tookMs }: Schedule): string {
  const { exact, ran, worst, workers } = summaryOf(results);
  const minutes = (tookMs / 60_000).toFixed(1);
  return `seed ${seed}: ${exact} of ${ran} cells exact, worst ${worst}, workers ${workers} s, ${minutes} minutes`;
}

/** The page docs/kill-matrix.md. */
export function pageOf(schedules: readonly Schedule[], rounds: number): string {
  const results = together(schedules.map((schedule) => schedule.results));
  const { exact, ran, workers, worst } = summaryOf(results);
  const seed = schedules[0]?.seed;
  const bounds = ROLES.map((role) => {
    const of = (moment: (typeof MOMENTS)[number]) => seconds(boundOf({ role, moment, conversations: 1 }).p95Ms);
    return `| ${role} | ${ROLE_WORDS[role]} | ${of("mid-tokens")} s | ${of("during-tool")} s |`;
  });
  return `# The kill matrix

Written by \`pnpm chaos\`; do not edit. Something is killed at a chosen moment, and a reader that trusts nothing decides whether
the promise of [protocol §3.4](protocol.md) held.

**${exact} of ${ran} cells exact**. Longest silence after the death of a worker (p50/p95/max): ${workers} s.
Slowest recovery of all: ${worst}.

${schedules.map((schedule) => `- ${outcomeOf(schedule)}`).join("\n")}

Each schedule has ${rounds === 1 ? "one round" : `${rounds} rounds`} per cell. ${cpus().length} cores, Node ${process.versions.node}, ${redisVersion()}, ${new Date().toISOString().slice(0, 10)}.
\`pnpm chaos --seed ${seed}\` plays the same schedule again; \`pnpm chaos --seed ${seed} --cell worker/mid-tokens/20\` one cell of it.

## Recovery

Each field is the longest time in which a waiting reader saw nothing move, p50/p95/max in seconds, over the conversations that were
hit. It begins with the kill and includes everything: the time until the death shows, the other process that takes over, the
reconnection, and what the machine needs to start the dead process again beside it.

${tableOf(results)}

## What is killed

| killed | how | bound (p95) | bound around tool calls |
|---|---|---|---|
${bounds.join("\n")}

The dead process is started again 0.2–1.5 s later, as an orchestrator would. There are two of each service. Their MCP server speaks 2025-11-25 to
one conversation and 2026-07-28 to twenty.

## When

${MOMENTS.map((moment) => `- **${moment}**: ${MOMENT_WORDS[moment]}.`).join("\n")}

A moment is reached when its condition is seen (where the model stands, what a tool has done, which command Redis was sent), not
by waiting. The seed decides the word, the step, the victim and the time until the restart.

## What "exact" means

Every conversation sends two messages, the second while the first is at work. The first makes the model call two tools that must not be
repeated. The model's words differ on every call.

- Live readers, each reconnecting to the other gateway with \`Last-Event-ID\`, a reader that comes afterwards, and the log itself all
  end with exactly \`output.text\`; at every moment they show a prefix of one sample of the model, and text is withdrawn only by an
  \`attempt\` or \`reset\`.
- One run per accepted message, one terminal event per run, turns in order, nothing after the end, no hole in \`seq\`, nothing from an older attempt.
- Each tool had its effect exactly once; where its executor was killed in the middle of it, at most once, and the call says \`unknown\`.
- What a tool's server wanted to know was asked once, and it was told once exactly what was filled in; where its call was lost, the question ended before it,
  \`approved\` or \`expired\`, and nothing was asked again.
- The model was told the earlier answers exactly as they were shown; the snapshot agrees.
- Every message completes; queues, outboxes and dead letters are empty in the end.

The reader is [tests/chaos/strict-reader.ts](../tests/chaos/strict-reader.ts); it shares no code with the client.
`;
}

function redisVersion(): string {
  try {
    const version = execFileSync(process.env["REDIS_SERVER"] ?? "redis-server", ["--version"], { encoding: "utf8" });
    return `Redis ${/v=(\S+)/.exec(version)?.[1] ?? "?"}`;
  } catch {
    return "Redis";
  }
}
