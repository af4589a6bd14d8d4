import { describe, expect, it } from "@jest/globals";
import type { ModelMessage, ModelRequest, ModelTool } from "@holdfast/model-wire";
import { planReply } from "./plan-reply.ts";

const terminal: ModelTool = {
  name: "terminal__run",
  description: "Runs a program.",
  parameters: {
    type: "object",
    properties: { argv: { type: "array" }, cwd: { type: ["string", "null"] } },
    required: ["argv", "cwd"],
  },
};
const echo: ModelTool = {
  name: "everything__echo",
  description: "Echoes. Back.",
  parameters: { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
};
const sum: ModelTool = { name: "everything__get-sum", description: "", parameters: { type: "object" } };
const slow: ModelTool = { name: "everything__trigger-long-running-operation", description: "", parameters: {} };
const everyTool = [terminal, echo, sum, slow];

function request(messages: ModelMessage[] | string, tools: ModelTool[] = everyTool): ModelRequest {
  const context = typeof messages === "string" ? [{ role: "user" as const, text: messages }] : messages;
  return {
    api: "chat",
    model: "demo",
    isStreamed: true,
    includeUsage: true,
    maxOutputTokens: undefined,
    messages: context,
    tools,
  };
}
const calls = (message: string, tools?: ModelTool[]) => planReply(request(message, tools)).calls ?? [];
const user = (text: string): ModelMessage => ({ role: "user", text });
const assistant = (text: string): ModelMessage => ({ role: "assistant", text, toolCalls: [] });

describe("asks for the terminal", () => {
  it.each([
    ["run ls -la", ["ls", "-la"]],
    ["Please run `date -u`.", ["date", "-u"]],
    ["run date in the terminal", ["date"]],
    ["Can you execute cat notes.txt?", ["cat", "notes.txt"]],
    ["terminal ls", ["ls"]],
    ["$ grep -n 'two words' notes.txt", ["grep", "-n", "two words", "notes.txt"]],
    ["run ls ..", ["ls", ".."]],
    ["what files are there?", ["ls", "-la"]],
    ["What time is it?", ["date"]],
    ["run `sh -c 'a; then b'`", ["sh", "-c", "a; then b"]],
  ])("%s", (message, argv) => {
    expect(calls(message)).toEqual([{ name: "terminal__run", arguments: { argv, cwd: null } }]);
  });

  it.each([
    "Hello",
    "In the long run it pays off",
    "How do I run the tests?",
    "what does echo mean?",
    "I tried to add a comment",
  ])("are not seen in: %s", (message) => {
    expect(calls(message)).toEqual([]);
  });
});

describe("asks for MCP tools", () => {
  it.each([
    ["echo hello there", "everything__echo", { message: "hello there" }],
    ['use the MCP server to echo "quoted"', "everything__echo", { message: "quoted" }],
    ["add 2 and 3", "everything__get-sum", { a: 2, b: 3 }],
    ["What is 2.5 + -4?", "everything__get-sum", { a: 2.5, b: -4 }],
    ["use everything", "everything__echo", { message: "Hello from Holdfast's demo model" }],
    ["wait 5 seconds", "everything__trigger-long-running-operation", { duration: 5, steps: 5 }],
    ['call everything__get-sum {"a": 1, "b": 2}', "everything__get-sum", { a: 1, b: 2 }],
    ['call get-sum with {"a": 1, "b": 2}', "everything__get-sum", { a: 1, b: 2 }],
  ])("%s", (message, name, args) => {
    expect(calls(message)).toEqual([{ name, arguments: args }]);
  });
});

it("calls both tools at once when asked for both", () => {
  expect(calls("use both tools").map((call) => call.name)).toEqual(["terminal__run", "everything__echo"]);
  expect(calls("run `date` and echo hi").map((call) => call.name)).toEqual(["terminal__run", "everything__echo"]);
});

it("takes one step after another, then summarises everything in code blocks no output can break", () => {
  const context: ModelMessage[] = [user("run ls, then echo hi")];
  const first = planReply(request(context));
  expect(first.calls).toEqual([{ name: "terminal__run", arguments: { argv: ["ls"], cwd: null } }]);
  context.push(
    {
      role: "assistant",
      text: first.text,
      toolCalls: [{ id: "one", name: "terminal__run", arguments: '{"argv":["ls"]}' }],
    },
    { role: "tool", callId: "one", text: "a.txt\n```evil```\n" },
  );
  expect(planReply(request(context)).calls).toEqual([{ name: "everything__echo", arguments: { message: "hi" } }]);
  context.push(
    { role: "assistant", text: "", toolCalls: [{ id: "two", name: "everything__echo", arguments: "{}" }] },
    { role: "tool", callId: "two", text: '{"echo":"hi"}' },
  );
  const last = planReply(request(context));
  expect(last.calls).toBeUndefined();
  expect(last.text).toContain('**terminal__run** `{"argv":["ls"]}`\n\n````text\na.txt\n```evil```\n````');
  expect(last.text).toContain('```json\n{\n  "echo": "hi"\n}\n```');
  expect(last.text).toContain("not a real AI");
});

it("says so when the tool is not offered, and names what is", () => {
  expect(planReply(request("run ls", [echo]))).toEqual({
    text: expect.stringMatching(/terminal tool, but it was not offered to me.*`everything__echo`/),
  });
  expect(planReply(request("add 2 and 3", [])).text).toMatch(/adds two numbers.*no tools at all/);
  expect(planReply(request("call files__read {}", [echo])).text).toMatch(/`files__read`, but it was not offered/);
});

it("remembers what was said first, before, and the name", () => {
  const context = [user("My name is Ada"), assistant("Hello"), user("The sky is green"), assistant("Oh")];
  const ask = (text: string) => planReply(request([...context, user(text)])).text;
  expect(ask("What did I say first?")).toContain("> My name is Ada");
  expect(ask("What did I say before?")).toContain("> The sky is green");
  expect(ask("what was my last message?")).toContain("2 messages of yours");
  expect(ask("What's my name?")).toContain("**Ada**");
  expect(planReply(request("what did I say first?")).text).toMatch(/first message/);
});

it("writes exactly the number of words asked for", () => {
  expect(planReply(request("write 5 words")).text).toBe("word1 word2 word3 word4 word5");
  expect(planReply(request("Give me a long answer")).text.split(" ")).toHaveLength(400);
});

it("says what it is, quotes the message, and tells how to get a real model", () => {
  const { text } = planReply(request("Good morning\nfrom *me*"));
  expect(text).toContain("Holdfast's built-in demo model, not a real AI");
  expect(text).toContain("> Good morning\n> from *me*");
  expect(text).toContain("OPENAI_API_KEY");
  expect(planReply(request([user("a"), assistant("b"), user("c")])).text).toContain("message number 2");
  expect(planReply(request("Where do I put my API key?")).text).toContain("OPENAI_BASE_URL");
});

it("lists the offered tools with the first sentence of their description", () => {
  const { text } = planReply(request("which tools do you have?"));
  expect(text).toContain("- `everything__echo`: Echoes.\n");
  expect(text).toContain("- `everything__get-sum`\n");
});

it("shows reasoning when asked to think, but not again after tools ran", () => {
  expect(planReply(request("think, please")).reasoning).toMatch(/demo/);
  expect(planReply(request("hello")).reasoning).toBeUndefined();
});
