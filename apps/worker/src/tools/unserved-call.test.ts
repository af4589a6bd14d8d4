import { createRedisBus } from "@holdfast/bus";
import type { ToolStepEvent } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";
import type { Talk } from "../test-fixtures/talk.ts";
import { catalogTool } from "../test-fixtures/tool-runner-double.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const IMPATIENT = { wait: { graceMs: 60_000, lookEveryMs: 50, deadRunnerMs: 300, noRunnerMs: 500, cancelMs: 500 } };
const ls = { toolCall: { id: "a", name: "files__ls", arguments: {} } };

async function lastToolStep(talk: Talk): Promise<ToolStepEvent | undefined> {
  return (await talk.events()).filter((event) => event.event === "tool_step").at(-1);
}

it("[tool.unserved] fails soon where no runner of its toolset lives, though others do, and is never executed later", async () => {
  await stage.toolRunner("mail", { send: () => "sent" });
  await stage.bus.catalog.publish(
    [{ toolset: "files", state: "ready", tools: [catalogTool("files", "ls", { timeout_ms: 600_000 })] }],
    60_000,
  );
  await stage.worker({ tools: ["files"] }, IMPATIENT);
  stage.model.enqueue([ls], ["So be it."]);
  const talk = stage.talk();
  expect((await talk.ended(await talk.say("go"))).text).toBe("So be it.");
  expect(await lastToolStep(talk)).toMatchObject({
    status: "failed",
    error: { code: "tool_unavailable", message: 'No tool-runner that serves "files" is running.' },
  });
  const runner = await stage.toolRunner("files", { ls: () => "listed" });
  stage.model.enqueue([{ toolCall: { ...ls.toolCall, id: "b" } }], ["Now it works."]);
  expect((await talk.ended(await talk.say("again"))).text).toBe("Now it works.");
  expect(runner.executed.map(({ tool_call_id }) => tool_call_id)).toEqual(["b"]);
});

it("[tool.unserved] waits for a runner that lives but is busy for longer than that", async () => {
  const other = createRedisBus({ url: stage.redis.url });
  await other.presence.join("tool-runner", ["files"]);
  await stage.bus.catalog.publish([{ toolset: "files", state: "ready", tools: [catalogTool("files", "ls")] }], 60_000);
  const asked: number[] = [];
  const { toolCalls } = stage.bus;
  const isServed: typeof toolCalls.isServed = async (toolset) => {
    const isSo = await toolCalls.isServed(toolset);
    asked.push(Number(isSo));
    // Twenty looks are twice what an unserved call is given.
    if (asked.length === 20) await stage.toolRunner("files", { ls: () => "listed" });
    return isSo;
  };
  const bound = {
    callId: toolCalls.callId.bind(toolCalls),
    state: toolCalls.state.bind(toolCalls),
    giveUp: toolCalls.giveUp.bind(toolCalls),
    send: toolCalls.send.bind(toolCalls),
    watch: toolCalls.watch.bind(toolCalls),
    isServed,
  };
  await stage.worker({ tools: ["files"] }, { ...IMPATIENT, bus: { ...stage.bus, toolCalls: bound } });
  stage.model.enqueue([ls], ["Done."]);
  const talk = stage.talk();
  expect((await talk.ended(await talk.say("go"))).text).toBe("Done.");
  expect(await lastToolStep(talk)).toMatchObject({ status: "completed", result_summary: "listed" });
  expect(asked).not.toContain(0);
  await other.close();
});
