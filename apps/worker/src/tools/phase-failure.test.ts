import { BusUnavailable, createRedisBus, type ToolCalls } from "@holdfast/bus";
import { gate, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const ls = (id: string) => ({ toolCall: { id, name: "files__ls", arguments: {} } });

it("lets go of a step's other calls when one cannot be sent, and finds them again at the next try", async () => {
  const held = gate();
  const runner = await stage.toolRunner("files", {
    ls: async ({ call }) => {
      if (call.tool_call_id === "a") await held.pass();
      return `listed ${call.tool_call_id}`;
    },
  });
  const bus = createRedisBus({ url: stage.redis.url });
  let failures = 0;
  const real = bus.toolCalls;
  const toolCalls: ToolCalls = {
    callId: (...args) => real.callId(...args),
    state: (...args) => real.state(...args),
    giveUp: (...args) => real.giveUp(...args),
    isServed: (...args) => real.isServed(...args),
    watch: (...args) => real.watch(...args),
    async send(...args) {
      if (args[2].tool_call_id !== "b" || failures > 0) return real.send(...args);
      await until(() => runner.executed.length === 1);
      failures += 1;
      throw new BusUnavailable("away for a moment");
    },
  };
  const worker = await stage.worker({ tools: ["files"] }, { bus: { ...bus, toolCalls } });
  stage.model.enqueue([ls("a"), ls("b")], "done");
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await until(() => runner.executed.length === 2, { timeoutMs: 20_000 });
  held.open();
  const { run, output } = await talk.ended(runId);
  await worker.stop();
  expect(run).toMatchObject({ status: "completed", attempt: 2 });
  expect(output?.text).toBe("done");
  expect(runner.executed.map(({ tool_call_id }) => tool_call_id)).toEqual(["a", "b"]);
  // One that nobody waits for any more would be counted as well.
  const counted = (await worker.metrics.render()).match(/holdfast_tool_calls_total\{.*\} \d+/g);
  expect(counted).toEqual([expect.stringMatching(/status="completed"\} 2$/)]);
  await bus.close();
});
