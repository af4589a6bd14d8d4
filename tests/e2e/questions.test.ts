import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastClient, type HoldfastError, newId } from "@holdfast/client";
import type { ApprovalEvent, StreamEvent } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ended, eventsOf } from "./endings.ts";
import { Stack } from "./stack.ts";

const path = (specifier: string) => JSON.stringify(fileURLToPath(import.meta.resolve(specifier)));
const EVERYTHING = path("@modelcontextprotocol/server-everything/dist/index.js");
const ASKING = path("../../apps/tool-runner/src/mcp/fixture/asking-server.ts");
const NODE = JSON.stringify(process.execPath);
const CONFIGURATION = `agents:
  assistant: { model: scripted, tools: [everything, legacy, modern], approvals: { "*": never } }
mcpServers:
  everything: { command: ${NODE}, args: [${EVERYTHING}] }
  legacy: { command: ${NODE}, args: [${ASKING}, --journal, journal], holdfast: { framing: newline } }
  modern: { command: ${NODE}, args: [${ASKING}, --journal, journal, --modern], holdfast: { framing: newline } }
`;
const SECRET = "hunter2-is-secret";
const PATIENCE = { timeoutMs: 60_000 };

let stack: Stack;
let client: HoldfastClient;

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  stack = await Stack.start({ configuration: CONFIGURATION, env });
  client = new HoldfastClient({ baseUrl: stack.url });
  await offered();
}

/** Also the tools that a server shows only to who can be asked, and shows late. */
async function offered(): Promise<void> {
  const names = async () => (await client.tools()).data.flatMap(({ tools }) => tools.map(({ name }) => name));
  const isReady = async () => {
    const all = await names();
    return ["everything__trigger-elicitation-request", "legacy__ask", "modern__ask"].every((name) =>
      all.includes(name),
    );
  };
  await until(isReady, { ...PATIENCE, what: "the servers are offered" });
}

/** A conversation in which a call asks. */
async function asking(name: string, args: object = {}) {
  const conversationId = newId();
  stack.model.enqueue([{ toolCall: { id: `call-${conversationId}`, name, arguments: args } }]);
  const { run_id: runId } = await client.send(conversationId, { agent: "assistant", content: "go" });
  const first = async () => (await client.snapshot(conversationId)).approvals[0];
  const question: ApprovalEvent = await until(first, { ...PATIENCE, what: "the call asks" });
  return { conversationId, runId, question, id: question.approval_id };
}

async function approvalsOf(conversationId: string): Promise<string[]> {
  return (await eventsOf(client, conversationId)).flatMap((event) =>
    event.event === "approval" ? [event.status] : [],
  );
}

async function lastTool(conversationId: string): Promise<Extract<StreamEvent, { event: "tool_step" }> | undefined> {
  return (await eventsOf(client, conversationId)).findLast((event) => event.event === "tool_step");
}

const journal = (line: string): number =>
  readFileSync(join(stack.folder, "journal"), { encoding: "utf8", flag: "a+" })
    .split("\n")
    .filter((one) => one.startsWith(line)).length;

describe("a server that asks while it runs a call", () => {
  beforeAll(() => start(), 180_000);
  afterAll(() => stack.stop());

  it("[question.content] of the reference server gets what a human fills in, and only what fits its form", async () => {
    const { conversationId, runId, question, id } = await asking("everything__trigger-elicitation-request");
    expect(question).toMatchObject({
      kind: "question",
      toolset: "everything",
      message: expect.stringContaining("provide inputs"),
    });
    expect(Object.keys(question.requested_schema?.properties ?? {})).toHaveLength(13);
    expect(await client.run(runId)).toMatchObject({ status: "in_progress", approvals: [{ approval_id: id }] });
    const bad = {
      email: SECRET,
      integer: 0.5,
      untitledMultipleSelectEnum: [],
      titledSingleSelectEnum: "Superman",
      pin: 1,
    };
    const refused = await client.answer(id, bad).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "invalid_request", status: 400 });
    expect((refused as HoldfastError).problem?.errors?.map((error) => error.path)).toEqual([
      "content.pin",
      "content.name",
      "content.email",
      "content.integer",
      "content.untitledMultipleSelectEnum",
      "content.titledSingleSelectEnum",
    ]);
    expect(JSON.stringify((refused as HoldfastError).problem)).not.toContain(SECRET);
    await expect(client.approve(id)).rejects.toMatchObject({ code: "invalid_request" });
    stack.model.enqueue("Thanks.");
    const content = { name: "Ann", check: false, email: "ann@example.org", titledMultipleSelectEnum: ["fish-2"] };
    const answer = await client.answer(id, content);
    expect(answer).toMatchObject({ status: "approved", approval_id: id });
    expect(JSON.stringify(answer)).not.toContain("ann@example.org");
    expect(await client.answer(id, content)).toEqual(answer);
    await expect(client.answer(id, { name: "Bob" })).rejects.toMatchObject({ code: "approval_conflict" });
    expect(await ended(client, runId)).toBe("completed");
    const told = (await lastTool(conversationId))?.output ?? "";
    for (const line of ["Name: Ann", "Agreed to terms: false", '"fish-2"']) expect(told).toContain(line);
    // It has a default, which is not what the human said.
    expect(told).not.toContain("Favorite Integer");
    expect(await approvalsOf(conversationId)).toEqual(["requested", "approved"]);
  }, 120_000);

  it.each(["legacy", "modern"])(
    "[question.content] hears that a human declines, of the %s era",
    async (era) => {
      const { conversationId, runId, id } = await asking(`${era}__ask`, { entry: `declined-${era}` });
      stack.model.enqueue("Well.");
      await client.reject(id);
      expect(await ended(client, runId)).toBe("completed");
      expect((await lastTool(conversationId))?.output).toBe('{"action":"decline"}');
      await expect(client.answer(id, { name: "Ann" })).rejects.toMatchObject({ code: "approval_conflict" });
    },
    120_000,
  );

  it.each(["legacy", "modern"])(
    "[question.ends] cancelled with its run it is over, of the %s era",
    async (era) => {
      const { conversationId, runId, id } = await asking(`${era}__ask`, { entry: `cancelled-${era}` });
      await client.cancelRun(runId);
      expect(await ended(client, runId)).toBe("cancelled");
      expect(await approvalsOf(conversationId)).toEqual(["requested", "expired"]);
      await expect(client.answer(id, { name: "Ann" })).rejects.toMatchObject({ code: "approval_expired" });
      // One that waits for an answer gets one.
      await until(() => journal(`answered cancelled-${era} cancel`) === (era === "legacy" ? 1 : 0), PATIENCE);
    },
    120_000,
  );

  it("[question.secret] what was filled in reaches the server, and no other place", async () => {
    const { conversationId, runId, id } = await asking("modern__ask", { entry: "secret" });
    stack.model.enqueue("Thanks.");
    await client.answer(id, { name: SECRET });
    expect(await ended(client, runId)).toBe("completed");
    // The server gives its own answer away in its result, as it may.
    const rest = (await eventsOf(client, conversationId)).filter((event) => event.event !== "tool_step");
    expect(JSON.stringify(rest)).not.toContain(SECRET);
    expect(JSON.stringify(stack.services.flatMap((service) => service.logs))).not.toContain(SECRET);
  }, 120_000);

  it.each(["legacy", "modern"])(
    "[question.worker-killed] outlives its worker, of the %s era",
    async (era) => {
      const entry = `widow-${era}`;
      const { conversationId, runId, id } = await asking(`${era}__ask`, { entry });
      const [worker] = stack.members("worker");
      if (!worker) throw new Error("no worker");
      worker.service.kill("SIGKILL");
      await worker.service.exit;
      // Answered while nobody owns the run: the server has it all the same.
      await client.answer(id, { name: "Ann" });
      await until(() => journal(`answered ${entry}`) === 1, PATIENCE);
      stack.model.enqueue("Thanks.");
      await stack.revive(worker);
      expect(await ended(client, runId)).toBe("completed");
      expect(await approvalsOf(conversationId)).toEqual(["requested", "approved"]);
      expect((await lastTool(conversationId))?.output).toContain('"name":"Ann"');
      expect(journal(`asked ${entry}`)).toBe(1);
    },
    180_000,
  );

  it("[question.worker-killed] is still open for the worker that takes over, which does not ask again", async () => {
    const { conversationId, runId, id } = await asking("legacy__ask", { entry: "orphan" });
    const [worker] = stack.members("worker");
    if (!worker) throw new Error("no worker");
    worker.service.kill("SIGKILL");
    await stack.revive(worker);
    await until(async () => (await client.run(runId)).attempt === 2, PATIENCE);
    expect((await client.snapshot(conversationId)).approvals.map(({ approval_id }) => approval_id)).toEqual([id]);
    stack.model.enqueue("Thanks.");
    await client.answer(id, { name: "Ann" });
    expect(await ended(client, runId)).toBe("completed");
    expect(await approvalsOf(conversationId)).toEqual(["requested", "approved"]);
    expect(journal("asked orphan")).toBe(1);
  }, 180_000);

  it("[question.runner-killed] ends with its tool-runner, and its call is unknown", async () => {
    const { conversationId, runId, id } = await asking("modern__ask", { entry: "runner" });
    const [runner] = stack.members("tool-runner");
    if (!runner) throw new Error("no tool-runner");
    stack.model.enqueue("I cannot know.");
    runner.service.kill("SIGKILL");
    await stack.revive(runner);
    expect(await ended(client, runId)).toBe("completed");
    expect((await lastTool(conversationId))?.status).toBe("unknown");
    expect(await approvalsOf(conversationId)).toEqual(["requested", "expired"]);
    await expect(client.answer(id, { name: "Ann" })).rejects.toMatchObject({ code: "approval_expired" });
    expect(journal("asked runner")).toBe(1);
    expect((await client.listApprovals()).data).toEqual([]);
  }, 180_000);
});

describe("a question that nobody answers", () => {
  beforeAll(() => start({ HOLDFAST_QUESTION_EXPIRY_MS: "1500" }), 180_000);
  afterAll(() => stack.stop());

  it("[question.ends] expires in its time, and the server hears that it was cancelled", async () => {
    const { conversationId, runId } = await asking("legacy__ask", { entry: "nobody" });
    stack.model.enqueue("Nobody there.");
    expect(await ended(client, runId)).toBe("completed");
    expect((await lastTool(conversationId))?.output).toBe('{"action":"cancel"}');
    expect(await approvalsOf(conversationId)).toEqual(["requested", "expired"]);
  }, 120_000);
});
