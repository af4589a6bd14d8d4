import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { fixtureServer, testHost, type TestHost } from "./fixture/fixture-host.ts";
import type { ToolOutcome } from "./result.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

let test: TestHost;
afterEach(() => test.stop());

/** Calls at the entrance of a server, and which of them were let in so far. */
function standing(toolset: string) {
  const inside: string[] = [];
  return {
    inside,
    stand: async (name: string, timeoutMs = 60_000): Promise<(() => void) | ToolOutcome> => {
      const admitted = await test.host.admit(toolset, timeoutMs, new AbortController().signal);
      if (typeof admitted === "function") inside.push(name);
      return admitted;
    },
  };
}

const leave = async (admitted: Promise<(() => void) | ToolOutcome>) => {
  const answer = await admitted;
  if (typeof answer === "function") answer();
  await nextTurn();
};

describe("[elicitation.replaced] a call that waits for its turn", () => {
  it("waits for the new server's where its entry changed, in line and within its own time", async () => {
    test = testHost(() => ({ one: fixtureServer([], { concurrency: 1 }) }));
    const { inside, stand } = standing("one");
    const asking = stand("asking");
    const [second, third] = [stand("second"), stand("third")];
    const hasty = stand("hasty", 1_000);
    await nextTurn();
    expect(inside).toEqual(["asking"]);
    await test.host.reload({ one: fixtureServer([], { concurrency: 1, tool_timeout_ms: 9_000 }) });
    expect(inside).toEqual(["asking", "second"]);
    expect(await hasty).toMatchObject({ error: { code: "timeout", message: expect.stringContaining("1000 ms") } });
    // Who leaves the old server's makes no room at the new one.
    await leave(asking);
    expect(inside).toEqual(["asking", "second"]);
    await leave(second);
    expect(inside).toEqual(["asking", "second", "third"]);
    await leave(third);
  });

  it("waits for nobody where its server is gone", async () => {
    test = testHost(() => ({ one: fixtureServer([], { concurrency: 1 }) }));
    const { inside, stand } = standing("one");
    const all = [stand("asking"), stand("second")];
    await nextTurn();
    await test.host.reload({});
    await Promise.all(all);
    expect(inside).toEqual(["asking", "second"]);
    expect(await test.call("one", "echo")).toMatchObject({ error: { code: "unknown_toolset" } });
  });
});

it("lets one in as long as nobody knows how the server frames its messages", async () => {
  test = testHost(() => ({ one: fixtureServer([], { framing: "auto" }) }));
  const { inside, stand } = standing("one");
  const all = Array.from({ length: 5 }, (_, n) => stand(`${n}`));
  await nextTurn();
  expect(inside).toEqual(["0"]);
  await test.host.start();
  await Promise.all(all.slice(0, 4));
  expect(inside).toEqual(["0", "1", "2", "3"]);
  for (const call of all) await leave(call);
  expect(inside).toHaveLength(5);
});
