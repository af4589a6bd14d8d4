import { describe, expect, it, jest } from "@jest/globals";
import { requiredScenarios, runScenario } from "./suite.ts";

// Two processes for every scenario, which a loaded machine starts slowly.
jest.setTimeout(120_000);

describe("the conformance suite of the protocol's authors", () => {
  it("requires 18 scenarios of a client of 2025-11-25 and 32 of one of 2026-07-28", () => {
    expect(requiredScenarios("2025-11-25")).toHaveLength(18);
    expect(requiredScenarios("2026-07-28")).toHaveLength(32);
  });

  // One of each kind: `pnpm conformance` runs them all, which takes minutes.
  it.each([
    ["2025-11-25", "elicitation-sep1034-client-defaults"],
    ["2025-11-25", "sse-retry"],
    ["2025-11-25", "auth/scope-step-up"],
    // Not required of anybody: how our `oauth` signs in.
    ["2025-11-25", "auth/client-credentials-basic"],
    ["2026-07-28", "sep-2322-client-request-state"],
    ["2026-07-28", "http-custom-headers"],
  ] as const)("[mcp.conformance] is passed by our client: %s %s", async (revision, scenario) => {
    const { isPassed, report } = await runScenario(revision, scenario);
    expect(isPassed ? "passed" : report).toBe("passed");
  });
});
