import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { argsSha256, type Bus, createRedisBus, type RunLease } from "@holdfast/bus";
import { newUuid, type ToolCall, type ToolResult } from "@holdfast/protocol";
import { spawnService, startRedis, type TestRedis, until } from "@holdfast/testing";

const ENTRY = fileURLToPath(new URL("./main.ts", import.meta.url));
const FIXTURE = fileURLToPath(new URL("./mcp/fixture/server.ts", import.meta.url));

let redis: TestRedis;
let bus: Bus;
let folder: string;
let service: ReturnType<typeof spawnService>;

beforeAll(async () => {
  redis = await startRedis();
  bus = createRedisBus({ url: redis.url });
  folder = await mkdtemp(join(tmpdir(), "holdfast-tool-runner-"));
  const server = `{ command: ${process.execPath}, args: [--disable-warning=ExperimentalWarning, ${FIXTURE}] }`;
  await writeFile(
    join(folder, "holdfast.yaml"),
    `agents:
  assistant: { model: m, tools: [terminal, fixture, free], approvals: { terminal: always, free: never } }
mcpServers: { fixture: ${server}, free: ${server} }
terminal: { allow: [echo, pwd], workspace: ${folder}/workspace }
`,
  );
  const env = { REDIS_URL: redis.url, HOLDFAST_CONFIG: join(folder, "holdfast.yaml"), ADMIN_PORT: "0" };
  service = spawnService({ name: "tool-runner", entry: ENTRY, env });
  await service.waitForReady(60_000);
  const areReady = async () =>
    (await bus.catalog.read()).filter(({ state }) => state === "ready" || state === "degraded").length === 3;
  await until(areReady, { timeoutMs: 30_000, what: "the toolsets are ready" });
}, 100_000);
afterAll(async () => {
  await service.stop();
  await bus.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

const USAGE = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

/** The hash of a call of a tool as it is on offer now. */
async function hashOf(toolset: string, call: Pick<ToolCall, "name" | "arguments">): Promise<string> {
  const offer = (await bus.catalog.read()).find((offered) => offered.toolset === toolset);
  const tool = offer?.tools.find(({ own_name }) => own_name === call.name);
  if (!tool) throw new Error(`${toolset} has no ${call.name}`);
  const { definition_sha256 } = tool;
  return argsSha256({ toolset, name: call.name, arguments: call.arguments, definition_sha256 });
}

interface Asked {
  readonly id: string;
  /** As a worker sends it once it is approved. */
  readonly call: ToolCall;
}

async function running(conversationId: string): Promise<RunLease> {
  const envelope = {
    id: newUuid(),
    conversation_id: conversationId,
    sender: "user:ann",
    recipient: "agent:assistant",
    type: "message" as const,
    content: "go",
    metadata: {},
    created_at: new Date().toISOString(),
  };
  await bus.conversations.accept({ envelope, agent: "assistant", onBusy: "enqueue", trace: {} });
  const claim = await bus.runs.claim(conversationId, "assistant");
  if (claim.outcome !== "claimed") throw new Error(claim.outcome);
  return claim.lease;
}

/** A run that asks for one call, and what a human decides. */
async function asked(
  toolset: string,
  name: string,
  args: ToolCall["arguments"],
  decision?: "approve" | "reject",
  conversationId = newUuid(),
): Promise<Asked> {
  const lease = await running(conversationId);
  const args_sha256 = await hashOf(toolset, { name, arguments: args });
  const approval_id = bus.approvals.idOf(lease.run.id, 0, 0);
  const id = bus.toolCalls.callId(lease.run.id, 0, 0);
  const call = { tool_call_id: "call_1", name: `${toolset}__${name}`, args };
  const expires_at = new Date(Date.now() + 60_000).toISOString();
  await lease.park({
    questions: [
      {
        pending: { event: "tool_step", step: 0, ...call, status: "pending_approval" },
        asked: { approval_id, ...call, args_sha256, expires_at },
        callId: id,
      },
    ],
    ifCancelled: { events: [], ending: { status: "cancelled", usage: USAGE, history: [] } },
  });
  if (decision) await bus.approvals.decide(approval_id, { decision, by: "user:ann" });
  return {
    id,
    call: {
      tool_call_id: "call_1",
      conversation_id: conversationId,
      run_id: lease.run.id,
      agent: "assistant",
      step: 0,
      name,
      arguments: args,
      timeout_ms: 20_000,
      approval: { approval_id, args_sha256 },
      created_at: new Date().toISOString(),
    },
  };
}

/** Puts it in the queue, as anybody with access to Redis could. */
async function resultOf(toolset: string, { id, call }: Asked): Promise<ToolResult> {
  const results: ToolResult[] = [];
  const stop = await bus.toolCalls.watch(call.conversation_id, (answer) => {
    if (answer.event === "tool_result" && answer.id === id) results.push(answer);
  });
  await bus.toolCalls.send(toolset, id, call, {});
  const [result] = await until(() => results.length > 0 && results, {
    timeoutMs: 20_000,
    what: "the call is answered",
  });
  stop();
  if (!result) throw new Error("no result");
  return result;
}

const unasked = ({ id, call }: Asked): Asked => {
  const { approval: _, ...rest } = call;
  return { id, call: rest };
};
interface Case {
  readonly toolset: string;
  readonly name: string;
  readonly args: ToolCall["arguments"];
  readonly others: ToolCall["arguments"];
}
const cases: Case[] = [
  { toolset: "terminal", name: "run", args: { argv: ["echo", "hello"] }, others: { argv: ["echo", "other"] } },
  { toolset: "fixture", name: "echo", args: { text: "hello" }, others: { text: "other" } },
];

describe.each(cases)("a call to $toolset, whose rule is to ask", ({ toolset, name, args, others }) => {
  it("[approval.runner] runs with the approval that a human gave for it, once", async () => {
    const approved = await asked(toolset, name, args, "approve");
    const result = await resultOf(toolset, approved);
    expect(result).toMatchObject({ status: "completed" });
    expect(result.content[0]?.text).toContain("hello");
    // The same approval buys no second call under another id.
    const again = { ...approved, id: newUuid() };
    expect(await resultOf(toolset, again)).toMatchObject({ status: "denied", error: { code: "approval_invalid" } });
  });

  it("[approval.runner] is denied without an approval", async () => {
    const absent = unasked(await asked(toolset, name, args, "approve"));
    expect(await resultOf(toolset, absent)).toMatchObject({ status: "denied", error: { code: "approval_required" } });
  });

  it("[approval.runner] is denied with one that nobody gave, or that was refused", async () => {
    for (const decision of [undefined, "reject"] as const) {
      const open = await asked(toolset, name, args, decision);
      expect(await resultOf(toolset, open)).toMatchObject({ status: "denied", error: { code: "approval_invalid" } });
    }
    const { id, call } = await asked(toolset, name, args, "approve");
    const forged = { approval_id: newUuid(), args_sha256: await hashOf(toolset, call) };
    const result = await resultOf(toolset, { id, call: { ...call, approval: forged } });
    expect(result).toMatchObject({ status: "denied", error: { code: "approval_invalid" } });
  });

  it("[approval.runner] is denied with the answer to a question, though a human gave it to this very call", async () => {
    const lease = await running(newUuid());
    const args_sha256 = await hashOf(toolset, { name, arguments: args });
    const id = bus.toolCalls.callId(lease.run.id, 0, 0);
    const approval_id = bus.toolJournal.questionId(id, 0);
    const call = { tool_call_id: "call_1", name, arguments: args, timeout_ms: 20_000 };
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const form = { message: "Which?", requested_schema: { type: "object" as const, properties: {} }, toolset };
    const shown = { approval_id, tool_call_id: "call_1", name: `${toolset}__${name}`, args, args_sha256, expires_at };
    await lease.questions.ask({ callId: id, asked: { ...shown, ...form } });
    await bus.approvals.decide(approval_id, { decision: "approve", by: "user:ann", content: {} });
    const run = { conversation_id: lease.run.conversationId, run_id: lease.run.id, agent: "assistant", step: 0 };
    const sent = { ...call, ...run, approval: { approval_id, args_sha256 }, created_at: new Date().toISOString() };
    const result = await resultOf(toolset, { id, call: sent });
    expect(result).toMatchObject({ status: "denied", error: { code: "approval_invalid" } });
  });

  it("[approval.runner] is denied with one that was given for another run or conversation", async () => {
    const given = await asked(toolset, name, args, "approve");
    const other = await asked(toolset, name, args, "reject");
    const approval = given.call.approval;
    if (!approval) throw new Error("it has one");
    const borrowed = { ...other, call: { ...other.call, approval } };
    expect(await resultOf(toolset, borrowed)).toMatchObject({ status: "denied", error: { code: "approval_invalid" } });
    const elsewhere = { ...given, call: { ...given.call, conversation_id: newUuid() } };
    expect(await resultOf(toolset, elsewhere)).toMatchObject({ status: "denied", error: { code: "approval_invalid" } });
  });

  it("[approval.runner] is denied when anything else would be executed than was approved", async () => {
    const { id, call } = await asked(toolset, name, args, "approve");
    const changed = { ...call, arguments: others };
    expect(await resultOf(toolset, { id, call: changed })).toMatchObject({
      status: "denied",
      error: { code: "approval_mismatch" },
    });
    const next = await asked(toolset, name, args, "approve");
    const approval = next.call.approval && {
      ...next.call.approval,
      args_sha256: await hashOf(toolset, { ...next.call, arguments: others }),
    };
    const rehashed = { ...next.call, arguments: others, ...(approval ? { approval } : {}) };
    expect(await resultOf(toolset, { id: next.id, call: rehashed })).toMatchObject({
      status: "denied",
      error: { code: "approval_mismatch" },
    });
  });
});

it("[approval.runner] asks nobody where a rule says never, and everybody for an agent it does not know", async () => {
  const never = unasked(await asked("free", "echo", { text: "free" }));
  expect(await resultOf("free", never)).toMatchObject({ status: "completed" });
  const { id, call } = unasked(await asked("free", "echo", { text: "free" }));
  const stranger = { ...call, agent: "stranger" };
  expect(await resultOf("free", { id, call: stranger })).toMatchObject({
    status: "denied",
    error: { code: "approval_required" },
  });
});

it("[approval.reload] goes by the rules of a file that was read again", async () => {
  const path = join(folder, "holdfast.yaml");
  const before = await readFile(path, "utf8");
  await writeFile(path, before.replace("free: never", "free: always"));
  await bus.control.send("assistant", { type: "reload", by: "user:op" });
  const isDenied = async () => {
    const result = await resultOf("free", unasked(await asked("free", "echo", { text: "free" })));
    return result.error?.code === "approval_required";
  };
  await until(isDenied, { timeoutMs: 20_000, what: "the new rule is obeyed" });
  const { id, call } = unasked(await asked("free", "echo", { text: "free" }));
  await writeFile(
    path,
    before.replace("mcpServers:", "  newcomer: { model: m, tools: [free], approvals: { free: never } }\nmcpServers:"),
  );
  await bus.control.send("assistant", { type: "reload", by: "user:op" });
  await until(async () => !(await isDenied()), { timeoutMs: 20_000, what: "the old rule is obeyed again" });
  const newcomers = { id, call: { ...call, agent: "newcomer" } };
  expect(await resultOf("free", newcomers)).toMatchObject({ status: "completed" });
});

it("[approval.runner] runs no approved command in a directory that only pretends to be the one that was named", async () => {
  const conversationId = newUuid();
  const workspace = join(folder, "workspace", conversationId);
  await mkdir(join(workspace, "precious"), { recursive: true });
  await symlink("precious", join(workspace, "scratch"));
  const args = { argv: ["pwd"], cwd: "scratch" };
  expect(await resultOf("terminal", await asked("terminal", "run", args, "approve", conversationId))).toMatchObject({
    status: "denied",
    error: { code: "approval_mismatch" },
  });
});
