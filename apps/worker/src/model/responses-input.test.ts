import { describe, expect, it } from "@jest/globals";
import type { Response, ResponseOutputItem, ResponseStreamEvent } from "openai/resources/responses/responses";
import { ResponsesAnswer } from "./responses-answer.ts";
import { responsesInput } from "./responses-input.ts";

const thought = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "c2VjcmV0" } as const;
const reference = { type: "reasoning", id: "rs_2", summary: [] } as const;
const message = { type: "message", id: "msg_1", role: "assistant", status: "completed", content: [] } as const;
const said = { type: "output_text", text: "Let me see.", annotations: [] } as const;
const call = { type: "function_call", id: "fc_1", call_id: "call_1", name: "ls", arguments: "{}" } as const;

const DEAF = { hear: () => undefined, holdBack: () => undefined };

function ended(output: readonly object[], model = "m") {
  const answer = new ResponsesAnswer(model, DEAF);
  const events = [
    ...output.map((item, output_index) => ({ type: "response.output_item.done", output_index, item })),
    { type: "response.completed", response: { status: "completed", output: [] } },
  ];
  for (const event of events) answer.read(event as unknown as ResponseStreamEvent);
  return answer.end();
}

describe("what a model thought", () => {
  const { calls, provider } = ended([thought, { ...message, content: [said] }, call]);
  const step = { role: "assistant" as const, content: "Let me see.", calls, provider };

  it("is shown to the same model again, in the order it came", () => {
    expect(responsesInput([step, { role: "tool", tool_call_id: "call_1", content: "a" }], "m")).toEqual([
      thought,
      { role: "assistant", content: "Let me see." },
      { type: "function_call", call_id: "call_1", name: "ls", arguments: "{}" },
      { type: "function_call_output", call_id: "call_1", output: "a" },
    ]);
  });

  it("is not shown to another", () => {
    expect(responsesInput([step], "other")).toEqual([
      { role: "assistant", content: "Let me see." },
      { type: "function_call", call_id: "call_1", name: "ls", arguments: "{}" },
    ]);
  });

  it("is dropped where the server gave only a reference to it", () => {
    const own = ended([reference, call]);
    expect(responsesInput([{ role: "assistant", content: "", ...own }], "m")).toMatchObject([
      { type: "function_call" },
    ]);
  });
});

it("takes the calls from the finished response where no items were announced", () => {
  const answer = new ResponsesAnswer("m", DEAF);
  const response = { status: "completed", output: [call] as ResponseOutputItem[] } as Response;
  answer.read({ type: "response.completed", response, sequence_number: 1 });
  expect(answer.end()).toMatchObject({ finishReason: "tool_calls", calls: [{ id: "call_1", name: "ls" }] });
});
