import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type Bus, createRedisBus } from "@holdfast/bus";
import { newUuid, type ResultsPayload, type ToolCall, type ToolResult, toolsTopic } from "@holdfast/protocol";
import { freePort, startRedis, spawnService, type TestRedis, until } from "@holdfast/testing";

const ENTRY = fileURLToPath(new URL("./main.ts", import.meta.url));
const EVERYTHING = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/package.json")).replace(
  "package.json",
  "dist/index.js",
);

let redis: TestRedis;
let bus: Bus;
let folder: string;
const services: ReturnType<typeof spawnService>[] = [];

beforeAll(async () => {
  redis = await startRedis();
  bus = createRedisBus({ url: redis.url });
  folder = await mkdtemp(join(tmpdir(), "holdfast-tool-runner-"));
  await writeFile(
    join(folder, "holdfast.yaml"),
    `agents: { assistant: { model: m, tools: [terminal, everything], approvals: { terminal: never, everything: never } } }
mcpServers: { everything: { command: ${process.execPath}, args: [${EVERYTHING}] }, broken: { command: /no/such/server } }
terminal: { allow: [echo, sleep, ls, touch], workspace: ${folder}/workspace }
`,
  );
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});
afterAll(async () => {
  await bus.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startRunner(more: Record<string, string> = {}): Promise<ReturnType<typeof spawnService>> {
  const env = { REDIS_URL: redis.url, HOLDFAST_CONFIG: join(folder, "holdfast.yaml"), ADMIN_PORT: "0", ...more };
  const service = spawnService({ name: "tool-runner", entry: ENTRY, env });
  services.push(service);
  await service.waitForReady();
  return service;
}

function callTo(name: string, args: ToolCall["arguments"]): { id: string; call: ToolCall } {
  const runId = newUuid();
  const call: ToolCall = {
    tool_call_id: "call_1",
    conversation_id: newUuid(),
    run_id: runId,
    agent: "assistant",
    step: 0,
    name,
    arguments: args,
    timeout_ms: 20_000,
    created_at: new Date().toISOString(),
  };
  return { id: bus.toolCalls.callId(runId, 0, 0), call };
}

/** Everything that is answered to a conversation; `result` waits for the result. */
async function answersTo(conversationId: string): Promise<{ all: ResultsPayload[]; result(): Promise<ToolResult> }> {
  const all: ResultsPayload[] = [];
  await bus.toolCalls.watch(conversationId, (answer) => void all.push(answer));
  const result = async (): Promise<ToolResult> => {
    await until(() => all.some((answer) => answer.event === "tool_result"), { timeoutMs: 20_000 });
    return all.find((answer) => answer.event === "tool_result") as ToolResult;
  };
  return { all, result };
}

describe("tool-runner", () => {
  it("[tool.terminal] runs a real command and answers its output live and as a result", async () => {
    await startRunner();
    const { id, call } = callTo("run", { argv: ["echo", "hello from", "the terminal"] });
    const answers = await answersTo(call.conversation_id);
    await bus.toolCalls.send("terminal", id, call, {});
    expect(await answers.result()).toMatchObject({ id, tool_call_id: "call_1", status: "completed", exit_code: 0 });
    expect((await answers.result()).content[0]?.text).toContain("hello from the terminal");
    expect(answers.all[0]).toMatchObject({
      event: "tool_output",
      id,
      stream: "stdout",
      text: "hello from the terminal\n",
    });
  });

  it("[tool.mcp] calls a tool of a real MCP server, and a broken server beside it hides nothing", async () => {
    await startRunner();
    await until(
      async () =>
        (await bus.catalog.read()).some(({ toolset, state }) => toolset === "everything" && state === "ready"),
      { timeoutMs: 20_000 },
    );
    const offers = await bus.catalog.read();
    expect(offers.map(({ toolset }) => toolset).toSorted()).toEqual(["broken", "everything", "terminal"]);
    expect(offers.find(({ toolset }) => toolset === "everything")?.tools.map(({ name }) => name)).toContain(
      "everything__echo",
    );
    const { id, call } = callTo("echo", { message: "over MCP" });
    const answers = await answersTo(call.conversation_id);
    await bus.toolCalls.send("everything", id, call, {});
    const result = await answers.result();
    expect(result).toMatchObject({ status: "completed" });
    expect(result.content[0]?.text).toContain("over MCP");
  });

  it("[tool.restart] starts a server anew when an operator says so, and reports its process", async () => {
    await startRunner();
    const pid = async () => (await bus.catalog.reports("everything"))[0]?.pid;
    await until(async () => (await pid()) !== undefined, { timeoutMs: 20_000 });
    const first = await pid();
    expect((await bus.catalog.reports("broken"))[0]).toMatchObject({ state: "backoff", restarts: 0 });
    await bus.control.send("assistant", { type: "restart", toolset: "everything", by: "user:ann" });
    await until(async () => ![undefined, first].includes(await pid()), { timeoutMs: 20_000 });
    expect((await bus.catalog.reports("everything"))[0]).toMatchObject({ state: "ready", restarts: 1 });
  });

  it("[terminal.report] says on /ready and in its offer which tier is in force, and why no other", async () => {
    const port = await freePort();
    const runner = await startRunner({ ADMIN_PORT: String(port) });
    const log = runner.logs.find(({ message }) => String(message).toLowerCase().includes("the terminal tool"));
    const offer = (await bus.catalog.read()).find(({ toolset }) => toolset === "terminal");
    expect(offer?.tier).toMatch(/^T[0-3]$/);
    expect(log).toMatchObject({ tier: offer?.tier, reasons: offer?.tier_reasons });
    const ready = (await (await fetch(`http://127.0.0.1:${port}/ready`)).json()) as { checks: unknown };
    const detail = expect.stringContaining(`tier ${offer?.tier} in force`);
    expect(ready.checks).toContainEqual({ name: "terminal", ok: true, detail });
  });

  it("[files.desk] hands out what a command wrote, and removes the workspace with its conversation", async () => {
    await startRunner();
    const conversationId = newUuid();
    await bus.conversations.create({ id: conversationId, created_at: new Date().toISOString(), metadata: {} });
    const { id, call } = callTo("run", { argv: ["touch", "made.txt"] });
    const answers = await answersTo(conversationId);
    await bus.toolCalls.send("terminal", id, { ...call, conversation_id: conversationId }, {});
    await answers.result();
    const list = await bus.files.ask({ conversation_id: conversationId, offset: 0 }, 10_000);
    expect(list).toMatchObject({ is: "list", files: [{ path: "made.txt", size: 0 }] });
    const file = await bus.files.ask({ conversation_id: conversationId, path: "made.txt", offset: 0 }, 10_000);
    expect(file).toMatchObject({ is: "part", size: 0, data: "" });
    await bus.conversations.delete(conversationId);
    await startRunner();
    await until(() => !existsSync(join(folder, "workspace", conversationId)), { timeoutMs: 20_000 });
  });

  it("[tool.no-repeat] answers the same call again with the same result without running it again", async () => {
    await startRunner();
    const { id, call } = callTo("run", { command: "echo once" });
    const answers = await answersTo(call.conversation_id);
    await bus.toolCalls.send("terminal", id, call, {});
    const first = await answers.result();
    await bus.toolCalls.send("terminal", id, call, {});
    await until(() => answers.all.filter((answer) => answer.event === "tool_result").length === 2);
    expect(answers.all.filter((answer) => answer.event === "tool_result")).toEqual([first, first]);
    expect(answers.all.filter((answer) => answer.event === "tool_output")).toHaveLength(1);
  });

  it("[tool.cancel] ends a running command within a second of its cancel", async () => {
    await startRunner();
    const { id, call } = callTo("run", { argv: ["sleep", "30"] });
    const answers = await answersTo(call.conversation_id);
    await bus.toolCalls.send("terminal", id, call, {});
    await until(async () => (await bus.toolCalls.state(call.conversation_id, id)).state === "started");
    await bus.control.send("assistant", { type: "cancel", run_id: call.run_id, by: "user:ann" });
    const result = await answers.result();
    expect(result.status).toBe("cancelled");
    expect(result.duration_ms).toBeLessThan(3_000);
  });

  it("[tool.unknown] says that the outcome is unknown when the runner was killed during the call, and repeats nothing", async () => {
    const first = await startRunner();
    const { id, call } = callTo("run", { argv: ["sleep", "30"] });
    const answers = await answersTo(call.conversation_id);
    await bus.toolCalls.send("terminal", id, call, {});
    await until(async () => (await bus.toolCalls.state(call.conversation_id, id)).state === "started");
    first.kill("SIGKILL");
    await first.exit;
    await startRunner();
    expect(await answers.result()).toMatchObject({ status: "unknown", error: { code: "outcome_unknown" } });
  });

  it("puts an entry that is no tool call in the dead letters and goes on", async () => {
    await startRunner();
    await bus.queues.publish(toolsTopic("terminal"), "not-a-uuid", "{", {});
    await until(async () => (await bus.queues.dlqSize(toolsTopic("terminal"))) === 1);
    const { id, call } = callTo("run", { command: "echo still here" });
    const answers = await answersTo(call.conversation_id);
    await bus.toolCalls.send("terminal", id, call, {});
    expect((await answers.result()).status).toBe("completed");
  });
});
