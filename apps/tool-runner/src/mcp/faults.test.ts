import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { FaultBench, nameOf, type FaultEnd } from "./fixture/fault-bench.ts";
import { FAULT_GROUPS, type FaultRow } from "./fixture/fault-rows.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(180_000);

describe.each(Object.entries(FAULT_GROUPS))("%s", (_group, rows) => {
  let bench: FaultBench;
  let ends: Map<string, FaultEnd>;

  beforeAll(async () => {
    bench = new FaultBench(rows);
    ends = await bench.run(rows);
  });
  afterAll(() => bench.remove());

  it.each(rows.map((row): [string, FaultRow] => [nameOf(row), row]))(
    "[mcp.faults] %s ends as designed, and nothing is executed twice",
    (name, row) => {
      const { durationMs, ...end } = bench.summaryOf(row, ends.get(name) as FaultEnd);
      expect(end).toEqual({
        state: row.state ?? "ready",
        status: row.status,
        code: row.code,
        next: row.next ?? "completed",
        executions: row.executions,
        starts: row.starts ?? end.starts,
        errors: expect.stringMatching(row.error ?? /^/),
        text: expect.stringMatching(row.text ?? /^/),
      });
      expect(durationMs).toBeLessThan(row.withinMs);
    },
  );

  it("[mcp.isolation] the good server beside them answers every call", () => {
    expect(bench.goodCalls.length).toBeGreaterThan(0);
    expect(bench.goodCalls.filter(({ status }) => status !== "completed")).toEqual([]);
  });

  it("[mcp.close] nothing of any of them is left running", () => {
    expect(bench.leftovers()).toEqual([]);
  });

  it("no secret is in the log or in what operators see", () => {
    const shown = JSON.stringify([...ends.values()].map(({ errors, outcome }) => [errors, outcome]));
    expect(bench.log + shown).not.toMatch(/hidden-47/);
  });
});
