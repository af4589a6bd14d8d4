import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { type Bus, createRedisBus } from "@holdfast/bus";
import { newUuid, type ToolResult } from "@holdfast/protocol";
import { spawnService, startRedis, type TestRedis, type TestService } from "@holdfast/testing";
import { commandLinesWith } from "./mcp/fixture/fault-bench.ts";
import { eventually } from "./mcp/fixture/fixture-host.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(120_000);

const ENTRY = fileURLToPath(new URL("./main.ts", import.meta.url));
const SERVER = fileURLToPath(new URL("./mcp/fixture/faulty/main.ts", import.meta.url));
/** The server itself and the three it starts. */
const FAMILY = 4;

let redis: TestRedis;
let bus: Bus;
let folder: string;
const runners: TestService[] = [];

beforeAll(async () => {
  redis = await startRedis();
  bus = createRedisBus({ url: redis.url });
  folder = await mkdtemp(join(tmpdir(), "holdfast-killed-runner-"));
  const args = [SERVER, "--fault", "busy-family", "--ledger", join(folder, "ledger")];
  await writeFile(
    join(folder, "holdfast.yaml"),
    `agents: { assistant: { model: m, tools: [busy], approvals: { busy: never } } }
mcpServers: { busy: { command: ${process.execPath}, args: ${JSON.stringify(args)}, holdfast: { framing: newline } } }
`,
  );
});
afterAll(async () => {
  await Promise.all(runners.map((runner) => runner.stop()));
  await bus.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startRunner(): Promise<TestService> {
  const env = { REDIS_URL: redis.url, HOLDFAST_CONFIG: join(folder, "holdfast.yaml"), ADMIN_PORT: "0" };
  const runner = spawnService({ name: "tool-runner", entry: ENTRY, env });
  runners.push(runner);
  await runner.waitForReady(60_000);
  return runner;
}

const ledger = async () => (await readFile(join(folder, "ledger"), "utf8").catch(() => "")).split("\n");
const executions = async () => (await ledger()).filter((line) => line.includes('"event":"call"')).length;
const family = () => commandLinesWith(join(folder, "ledger")).map((line) => line.split(" ", 1)[0]);

it("[mcp.killed-runner] a call whose runner is killed is unknown, runs once, and leaves no process of its server", async () => {
  const first = await startRunner();
  const runId = newUuid();
  const conversationId = newUuid();
  const results: ToolResult[] = [];
  await bus.toolCalls.watch(conversationId, (answer) => {
    if (answer.event === "tool_result") results.push(answer);
  });
  const id = bus.toolCalls.callId(runId, 0, 0);
  const call = {
    tool_call_id: "call_1",
    conversation_id: conversationId,
    run_id: runId,
    agent: "assistant",
    step: 0,
    name: "act",
    arguments: {},
    timeout_ms: 60_000,
    created_at: new Date().toISOString(),
  };
  await bus.toolCalls.send("busy", id, call, {});
  await eventually(async () => (await executions()) === 1);
  const killed = family();
  expect(killed).toHaveLength(FAMILY);
  first.kill("SIGKILL");
  await first.exit;
  await startRunner();
  await eventually(() => results.length > 0);
  expect(results).toMatchObject([{ id, status: "unknown", error: { code: "outcome_unknown" } }]);
  await eventually(() => !family().some((pid) => killed.includes(pid)));
  expect(await executions()).toBe(1);
});
