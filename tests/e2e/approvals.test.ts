import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastClient, newId } from "@holdfast/client";
import type { ApprovalEvent } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildPage } from "../browser/build-page.ts";
import { launchChromium, openPage } from "../browser/open-page.ts";
import { ended, eventsOf } from "./endings.ts";
import { type App, Stack } from "./stack.ts";

const LEDGER_SERVER = fileURLToPath(new URL("../chaos/fixtures/ledger-server.ts", import.meta.url));
const CONFIGURATION = `agents:
  assistant:
    model: scripted
    tools: [ledger, terminal]
    approvals: { ledger: always }
mcpServers:
  ledger:
    command: ${JSON.stringify(process.execPath)}
    args: [--disable-warning=ExperimentalWarning, ${JSON.stringify(LEDGER_SERVER)}, --ledger, ledger, --pids, pids]
terminal: { allow: [echo], workspace: ./workspace }
`;
const APPS: readonly App[] = ["gateway", "worker", "tool-runner"];

let stack: Stack;
let client: HoldfastClient;
let page: Awaited<ReturnType<typeof buildPage>>;

beforeAll(async () => {
  page = await buildPage();
  stack = await Stack.start({
    configuration: CONFIGURATION,
    webDir: page.folder,
    count: { gateway: 2 },
    env: { HOLDFAST_WORKER_CONCURRENCY: "1" },
  });
  client = new HoldfastClient({ baseUrl: stack.url });
  await offered();
}, 120_000);
afterAll(async () => {
  await stack.stop();
  await page.remove();
});

async function offered(): Promise<void> {
  const isReady = async () =>
    (await client.tools()).data.some(({ toolset, state }) => toolset === "ledger" && state === "ready");
  await until(isReady, { timeoutMs: 60_000, what: "the ledger is offered" });
}

const book = (entry: string) => ({ toolCall: { id: `call-${entry}`, name: "ledger__book", arguments: { entry } } });

function bookings(entry: string): number {
  const lines = readFileSync(join(stack.folder, "ledger"), { encoding: "utf8", flag: "a+" }).split("\n");
  return lines.filter((line) => line.startsWith(`${entry} `)).length;
}

async function ask(content: string, conversationId = newId()) {
  const { run_id: runId } = await client.send(conversationId, { agent: "assistant", content });
  return { conversationId, runId };
}

async function asking(conversationId: string): Promise<ApprovalEvent> {
  const first = async () => (await client.snapshot(conversationId)).approvals[0];
  return until(first, { timeoutMs: 60_000, what: "the run asks" });
}

describe("a run that waits for a human", () => {
  it("[approval.restart] survives the death of everything, and what is approved then is executed exactly once", async () => {
    stack.model.enqueue(["I would like to book.", book("survivor")]);
    const { conversationId, runId } = await ask("book it");
    const asked = await asking(conversationId);
    const all = APPS.flatMap((app) => stack.members(app));
    for (const { service } of all) service.kill("SIGKILL");
    await stack.redis.kill();
    await stack.redis.restart();
    await Promise.all(all.map((member) => stack.revive(member)));
    client = new HoldfastClient({ baseUrl: stack.url });
    await offered();
    expect(await client.run(runId)).toMatchObject({ status: "requires_action", attempt: 1 });
    expect((await client.listApprovals()).data).toEqual([asked]);
    stack.model.enqueue("Booked.");
    expect(await client.approve(asked.approval_id)).toMatchObject({ status: "approved" });
    expect(await ended(client, runId)).toBe("completed");
    expect(bookings("survivor")).toBe(1);
    const events = await eventsOf(client, conversationId);
    expect(events.findLast((event) => event.event === "output")).toMatchObject({ text: "Booked." });
    expect(events.filter((event) => event.event === "tool_step").map(({ status }) => status)).toEqual([
      "pending_approval",
      "started",
      "completed",
    ]);
  }, 180_000);

  it("[approval.restart] is decided once by two gateways at the same time, and leaves the one slot to others meanwhile", async () => {
    stack.model.enqueue([book("twice")]);
    const { conversationId, runId } = await ask("book it");
    const asked = await asking(conversationId);
    stack.model.enqueue("Hello.");
    expect(await ended(client, (await ask("hi")).runId)).toBe("completed");
    stack.model.enqueue("Booked.");
    const clients = stack.members("gateway").map(({ url }) => new HoldfastClient({ baseUrl: url }));
    const answers = await Promise.all(
      clients.flatMap((one) => [one.approve(asked.approval_id), one.approve(asked.approval_id)]),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    await expect(client.reject(asked.approval_id)).rejects.toMatchObject({ code: "approval_conflict" });
    expect(await ended(client, runId)).toBe("completed");
    expect(bookings("twice")).toBe(1);
    expect((await eventsOf(client, conversationId)).filter((event) => event.event === "approval")).toHaveLength(2);
  }, 90_000);
});

describe("on the page", () => {
  it("[page.approval] a reader approves by keyboard and rejects, in light and dark, and the tools obey", async () => {
    const browser = await launchChromium();
    try {
      for (const [colorScheme, button] of [
        ["light", "Approve"],
        ["dark", "Reject"],
      ] as const) {
        const entry = `page-${colorScheme}`;
        stack.model.enqueue([book(entry)], `After ${button}.`);
        const opened = await openPage(browser, stack.url, { colorScheme });
        await opened.page.getByRole("textbox", { name: "Message" }).fill("book it");
        await opened.page.keyboard.press("Enter");
        const card = opened.page.getByRole("group", { name: "ledger__book" });
        await card.getByText(entry).first().waitFor();
        // Who comes back later finds the question again.
        await opened.page.reload();
        await card.getByRole("button", { name: button, exact: true }).press("Enter");
        const answer = opened.page.getByRole("article", { name: "assistant" });
        await answer.getByText(`After ${button}.`).waitFor();
        expect(await card.getByRole("button", { name: /Approve|Reject/ }).count()).toBe(0);
        await card.getByText(button === "Approve" ? "Done" : "Denied").waitFor();
        expect(bookings(entry)).toBe(button === "Approve" ? 1 : 0);
        expect(opened.errors).toEqual([]);
        await opened.close();
      }
    } finally {
      await browser.close();
    }
  }, 120_000);
});
