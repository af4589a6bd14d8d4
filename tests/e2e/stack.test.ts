import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  type ConversationState,
  emptyConversation,
  type Frame,
  HoldfastClient,
  newId,
  reduce,
  runsOf,
} from "@holdfast/client";
import type { ToolStepEvent } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { buildPage } from "../browser/build-page.ts";
import { launchChromium, openPage } from "../browser/open-page.ts";
import { Stack } from "./stack.ts";

let stack: Stack;
let client: HoldfastClient;
let page: Awaited<ReturnType<typeof buildPage>>;

beforeAll(async () => {
  page = await buildPage();
  stack = await Stack.start({ webDir: page.folder });
  client = new HoldfastClient({ baseUrl: stack.url });
  await until(
    async () => (await client.tools()).data.find(({ toolset }) => toolset === "everything")?.state === "ready",
    { timeoutMs: 20_000 },
  );
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await page.remove();
});

interface Read {
  readonly frames: Frame[];
  readonly state: ConversationState;
}

/** Reads a run to its end; `onFrame` may throw the connection away. */
async function readRun(conversationId: string, runId: string): Promise<Read> {
  const frames: Frame[] = [];
  let state = emptyConversation;
  await client.follow(conversationId, {
    runId,
    onFrame: (frame) => {
      frames.push(frame);
      state = reduce(state, frame);
    },
  });
  return { frames, state };
}

async function ask(content: string, conversationId = newId()): Promise<{ conversationId: string; runId: string }> {
  const accepted = await client.send(conversationId, { agent: "assistant", content });
  return { conversationId, runId: accepted.run_id };
}

const lastRun = (state: ConversationState) => runsOf(state).at(-1);
const shownText = (state: ConversationState): string | undefined => lastRun(state)?.steps.at(-1)?.text;

describe("the whole path", () => {
  it("[path.answer] answers a message with streamed tokens, an output and usage", async () => {
    stack.model.enqueue({ pieces: ["Hel", "lo, ", "wörld 🌍"], usage: { inputTokens: 7, outputTokens: 3 } });
    const { conversationId, runId } = await ask("Hi");
    const { frames, state } = await readRun(conversationId, runId);
    expect(shownText(state)).toBe("Hello, wörld 🌍");
    const events = frames.map(({ event }) => event);
    expect(events.at(-2)).toMatchObject({
      event: "output",
      text: "Hello, wörld 🌍",
      text_length: 15,
      finish_reason: "stop",
      usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
    });
    expect(events.at(-1)).toMatchObject({ event: "run", status: "completed", run_id: runId });
  });

  it("[path.memory] gives the model what was said before", async () => {
    stack.model.enqueue("Nice to meet you, Ann.", "You are Ann.");
    const { conversationId, runId } = await ask("I am Ann.");
    await readRun(conversationId, runId);
    const second = await ask("Who am I?", conversationId);
    await readRun(conversationId, second.runId);
    const messages = stack.model.requests.at(-1)?.request.messages.map(({ role, text }) => [role, text]);
    expect(messages).toEqual([
      ["system", "Answer."],
      ["user", "I am Ann."],
      ["assistant", "Nice to meet you, Ann."],
      ["user", "Who am I?"],
    ]);
  });

  it("[path.tools] runs a real command and an MCP tool in parallel and tells the model what they said", async () => {
    stack.model.enqueue(
      [
        "Let me see.",
        { toolCall: { name: "terminal__run", arguments: '{"argv":["echo","from the terminal"]}' } },
        { toolCall: { name: "everything__echo", arguments: '{"message":"from MCP"}' } },
      ],
      "Both answered.",
    );
    const { conversationId, runId } = await ask("Use your tools");
    const { frames, state } = await readRun(conversationId, runId);
    const last = stack.model.requests
      .at(-1)
      ?.request.messages.filter(({ role }) => role === "tool")
      .map(({ text }) => text);
    expect(last?.[0]).toContain("from the terminal");
    expect(last?.[1]).toContain("Echo: from MCP");
    expect(shownText(state)).toBe("Both answered.");
    const steps = frames.flatMap(({ event }) =>
      event.event === "tool_step" ? [`${(event as ToolStepEvent).name} ${(event as ToolStepEvent).status}`] : [],
    );
    expect(steps).toEqual(
      expect.arrayContaining([
        "terminal__run started",
        "terminal__run completed",
        "everything__echo started",
        "everything__echo completed",
      ]),
    );
  });

  it("[path.resume] shows the exact text after the connection was dropped in the middle of the answer", async () => {
    const words = Array.from({ length: 60 }, (_, i) => `word${i} `);
    stack.model.enqueue({ pieces: words, delayMs: 10 });
    const { conversationId, runId } = await ask("Count");
    let state = emptyConversation;
    const seen: string[] = [];
    // Each connection is broken after a few frames, as a laptop that is closed and opened again would.
    for (let connections = 0; lastRun(state)?.status !== "completed"; connections += 1) {
      expect(connections).toBeLessThan(50);
      const abort = new AbortController();
      let frames = 0;
      await client.follow(conversationId, {
        cursor: state.cursor,
        signal: abort.signal,
        onFrame: (frame) => {
          seen.push(frame.id);
          state = reduce(state, frame);
          frames += 1;
          if (frames === 7 || lastRun(state)?.status === "completed") abort.abort();
        },
      });
    }
    expect(shownText(state)).toBe(words.join(""));
    expect(new Set(seen).size).toBe(seen.length);
    expect((await client.run(runId)).status).toBe("completed");
  });

  it("[path.garbage] puts an entry that is no message in the dead letters and answers the next one", async () => {
    const { Redis } = await import("ioredis");
    const redis = new Redis(stack.redis.url);
    try {
      await redis.xadd("chat:assistant", "*", "id", "not-a-uuid", "payload", "{broken");
      stack.model.enqueue("Still here.");
      const { conversationId, runId } = await ask("Are you there?");
      expect(shownText((await readRun(conversationId, runId)).state)).toBe("Still here.");
      await until(async () => (await redis.xlen("dlq:chat:assistant")) === 1);
      await until(async () => (await redis.xlen("chat:assistant")) === 0);
    } finally {
      redis.disconnect();
    }
  });

  it("[path.cancel] stops an answer on request and keeps the text that was shown", async () => {
    stack.model.enqueue({ pieces: ["This is ", "kept", { hang: true }] });
    const { conversationId, runId } = await ask("Talk for ever");
    await until(async () => (await client.snapshot(conversationId)).active_run?.text === "This is kept");
    await client.cancelRun(runId);
    const { frames, state } = await readRun(conversationId, runId);
    expect(shownText(state)).toBe("This is kept");
    expect(frames.map(({ event }) => event).at(-1)).toMatchObject({ event: "run", status: "cancelled" });
    expect(frames.map(({ event }) => event).at(-2)).toMatchObject({
      event: "output",
      text: "This is kept",
      finish_reason: "cancelled",
    });
  });

  it("[path.page] answers on the page in a browser, and shows the same after a reload", async () => {
    stack.model.enqueue({ pieces: ["Hello ", "from ", "the ", "**stack**"], delayMs: 5 });
    const browser = await launchChromium();
    try {
      const opened = await openPage(browser, stack.url);
      await opened.page.getByRole("textbox", { name: "Message" }).fill("Hello?");
      await opened.page.keyboard.press("Enter");
      const answer = opened.page.getByRole("log", { name: "Conversation" }).getByRole("article", { name: "assistant" });
      await answer.getByText("Hello from the stack").waitFor();
      expect(opened.page.url()).toMatch(/\/c\/[0-9a-f-]{36}$/);
      await opened.page.reload();
      await answer.getByText("Hello from the stack").waitFor();
      expect(await opened.page.getByRole("article", { name: "You" }).count()).toBe(1);
      await opened.page.getByRole("status", { name: "Connection" }).getByText("Live", { exact: true }).waitFor();
      expect(opened.errors).toEqual([]);
      await opened.close();
    } finally {
      await browser.close();
    }
  });

  it("logs no error on the way", () => {
    expect(stack.errors()).toEqual([]);
  });
});
