import { afterEach, expect, it, jest } from "@jest/globals";
import { eventually, fixtureServer, testHost, type TestHost } from "./fixture/fixture-host.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

const SLOW_START_MS = "1000";
/** Processes of a start: the way that worked before, and then every other way with this framing. */
const FIRST_START = [2, 3, 4];
const SECOND_START = [5, 6];

let test: TestHost;
afterEach(() => test.stop());

/** Kills the server's process number `life`, counted from 1, before it answers its first message. */
async function killAtStart(life: number): Promise<void> {
  await eventually(() => test.journal.pids().length === life);
  process.kill(test.journal.pids()[life - 1] ?? 0, "SIGKILL");
}

async function deadServer(): Promise<void> {
  test = testHost((journal) => ({ one: fixtureServer(["--journal", journal, "--slow-start", SLOW_START_MS]) }));
  await test.host.start();
  await test.call("one", "die");
}

it("[mcp.killed-start] a call waits for the next start where the server is killed while it starts", async () => {
  await deadServer();
  const called = test.call("one", "echo", { text: "a" });
  for (const life of FIRST_START) await killAtStart(life);
  expect(await called).toMatchObject({ status: "completed", content: [{ text: "a" }] });
  expect(test.journal.pids()).toHaveLength(5);
});

it("[mcp.killed-start] a call is told at once where starts fail one after the other", async () => {
  await deadServer();
  const called = test.call("one", "echo", { text: "a" });
  for (const life of [...FIRST_START, ...SECOND_START]) await killAtStart(life);
  const unavailable = { status: "failed", error: { code: "server_unavailable" } };
  expect(await called).toMatchObject(unavailable);
  expect(await test.call("one", "echo", { text: "b" })).toMatchObject(unavailable);
  expect(test.journal.pids()).toHaveLength(6);
});
