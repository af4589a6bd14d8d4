import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastClient, newId } from "@holdfast/client";
import { gate, until } from "@holdfast/testing";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RedisEyes } from "../chaos/redis-eyes.ts";
import { Stack } from "./stack.ts";

const LEDGER = fileURLToPath(new URL("../chaos/fixtures/ledger-server.ts", import.meta.url));
const SOON = { timeoutMs: 20_000 };

const before = `agents:
  assistant: { model: scripted, instructions: Speak plainly., tools: [terminal], approvals: { terminal: never } }
  leaver: { model: scripted, instructions: I go. }
terminal: { allow: [echo], workspace: ./workspace }
`;
const after = (folder: string) => `agents:
  assistant: { model: scripted, instructions: Speak in verse., tools: [terminal], approvals: { terminal: never } }
  poet: { model: scripted, instructions: I am new. }
mcpServers:
  ledger:
    command: ${JSON.stringify(process.execPath)}
    args: [${JSON.stringify(LEDGER)}, --ledger, ${JSON.stringify(join(folder, "ledger"))}, --pids, ${JSON.stringify(join(folder, "pids"))}]
terminal: { allow: [echo], workspace: ./workspace }
`;
const broken = `agents:
  assistant: { model: 7, instructions: Never heard. }
  poet: { model: scripted, max_steps: 0 }
`;

let stack: Stack;
let client: HoldfastClient;
let redis: RedisEyes;

beforeAll(async () => {
  stack = await Stack.start({ configuration: before, count: { worker: 2 } });
  client = new HoldfastClient({ baseUrl: stack.url });
  redis = new RedisEyes(stack.redis.url);
}, 90_000);
afterAll(async () => {
  redis.close();
  await stack.stop();
});

const edit = (yaml: string) => writeFile(join(stack.folder, "holdfast.yaml"), yaml);
/** As an operator would, with any Redis client. */
const reload = () => redis.addMessage("control:assistant", newId(), '{"type":"reload","by":"user:ops"}');
const instructionsOf = (call: number) => stack.model.requests[call]?.request.messages[0]?.text;

async function ask(agent: string, conversationId = newId()) {
  const { run_id } = await client.send(conversationId, { agent, content: "hello" });
  return { conversationId, runId: run_id };
}

async function ended(runId: string) {
  return until(async () => {
    const run = await client.run(runId);
    return run.finished_at === undefined ? undefined : run;
  }, SOON);
}

describe("reload", () => {
  it("[reload.agents] every service reads its configuration again, and runs at work keep theirs", async () => {
    const held = gate();
    const echo = { toolCall: { id: "e", name: "terminal__run", arguments: { argv: ["echo", "hi"] } } };
    stack.model.enqueue(["I look. ", { waitFor: held }, echo]);
    const old = await ask("assistant");
    await held.reached;
    await edit(after(stack.folder));
    await reload();

    // Two workers, one gateway and one tool-runner have taken it over.
    const poet = async () => (await client.agents()).data.find(({ name }) => name === "poet");
    await until(async () => (await poet())?.workers === 2, SOON);
    const ledger = async () => (await client.tools()).data.find(({ toolset }) => toolset === "ledger");
    await until(async () => (await ledger())?.state === "ready", SOON);
    expect((await ledger())?.tools).toMatchObject([{ name: "ledger__book" }]);

    stack.model.enqueue("In verse.", "New here.");
    expect(await ended((await ask("assistant")).runId)).toMatchObject({ status: "completed" });
    expect(await ended((await ask("poet")).runId)).toMatchObject({ status: "completed" });
    expect([instructionsOf(0), instructionsOf(1), instructionsOf(2)]).toEqual([
      "Speak plainly.",
      "Speak in verse.",
      "I am new.",
    ]);

    stack.model.enqueue("Plainly.");
    held.open();
    expect(await ended(old.runId)).toMatchObject({ status: "completed", steps: 1 });
    expect(instructionsOf(3)).toBe("Speak plainly.");
    const told = (await redis.entries(`stream:${old.conversationId}`)).filter(([, event]) =>
      event.includes('"control"'),
    );
    expect(told.map(([, event]) => JSON.parse(event) as object)).toMatchObject([
      { event: "control", command: "reload", by: "user:ops", state: "running" },
    ]);
  }, 60_000);

  it("[reload.removed] an agent that is gone is refused, and nobody reads its messages", async () => {
    await expect(ask("leaver")).rejects.toMatchObject({ code: "agent_not_found" });
    const payload = JSON.stringify({ conversation_id: newId(), content: "anyone?" });
    await redis.addMessage("chat:leaver", newId(), payload);
    stack.model.enqueue("still here");
    expect(await ended((await ask("assistant")).runId)).toMatchObject({ status: "completed" });
    expect(await redis.length("chat:leaver")).toBe(1);

    // It comes back, and is answered.
    stack.model.enqueue("back");
    await edit(before);
    const post = await fetch(`${stack.url}/v1/agents/assistant/control`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"command":"reload"}',
    });
    expect([post.status, await post.json()]).toEqual([202, { name: "assistant", state: "running" }]);
    await until(async () => (await redis.length("chat:leaver")) === 0, SOON);
    await expect(ask("poet")).rejects.toMatchObject({ code: "agent_not_found" });
    await until(async () => (await client.tools()).data.every(({ toolset }) => toolset !== "ledger"), SOON);
  }, 60_000);

  it("[reload.invalid] a file with mistakes changes nothing, and each is logged with its line", async () => {
    await edit(broken);
    await reload();
    for (const service of stack.services) {
      const refused = await until(
        () => service.logs.find(({ message }) => message?.startsWith("configuration not reloaded")),
        SOON,
      );
      expect(refused["problems"]).toEqual([
        expect.stringMatching(/holdfast\.yaml:2: agents\.assistant\.model/),
        expect.stringMatching(/holdfast\.yaml:3: agents\.poet\.max_steps/),
      ]);
    }
    stack.model.enqueue("as before");
    expect(await ended((await ask("leaver")).runId)).toMatchObject({ status: "completed" });
  }, 60_000);
});
