import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { RunStatus, TERMINAL_STATUSES } from "./run-status.ts";
import { isTerminal, mayBecome, RUN_TRANSITIONS, type RunChange, statusAfter } from "./run-transitions.ts";

const architecture = readFileSync(new URL("../../../docs/architecture.md", import.meta.url), "utf8");
const CHANGES = Object.keys(RUN_TRANSITIONS.queued) as RunChange[];

/** The table as docs/architecture.md shows it. */
function asMarkdown(): string {
  const open = RunStatus.options.filter((status) => !isTerminal(status));
  const cell = (status: RunStatus, change: RunChange) => {
    const transition = RUN_TRANSITIONS[status][change];
    return "to" in transition ? `\`${transition.to}\`` : `– ${transition.impossible}`;
  };
  const rows = CHANGES.map((change) => [change, ...open.map((status) => cell(status, change))]);
  const head = ["", ...open.map((status) => `\`${status}\``)];
  return [head, head.map(() => "---"), ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n")
    .replace("|  |", "| |");
}

describe("the transitions of a run", () => {
  it("[run.transitions] are in the architecture's table, each with where it leads or why it cannot be", () => {
    expect(architecture).toContain(asMarkdown());
  });

  it("[run.transitions] end in the four terminal statuses and nowhere else", () => {
    expect(RunStatus.options.filter(isTerminal)).toEqual([...TERMINAL_STATUSES]);
    for (const status of RunStatus.options) {
      const possible = CHANGES.filter((change) => statusAfter(status, change) !== undefined);
      expect(possible.length === 0).toBe(isTerminal(status));
      for (const next of RunStatus.options)
        expect(mayBecome(status, next)).toBe(possible.some((change) => statusAfter(status, change) === next));
    }
  });

  it("[run.transitions] lead from queued to every status, and from every open one to an end by a cancel", () => {
    const reached = new Set<RunStatus>(["queued"]);
    for (const status of reached) for (const next of RunStatus.options) if (mayBecome(status, next)) reached.add(next);
    expect(reached.size).toBe(RunStatus.options.length);
    const open = RunStatus.options.filter((status) => !isTerminal(status));
    expect(open.map((status) => statusAfter(status, "cancel"))).toEqual(open.map(() => "cancelled"));
  });
});
