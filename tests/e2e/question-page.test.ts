import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { HoldfastClient } from "@holdfast/client";
import { until } from "@holdfast/testing";
import { buildPage } from "../browser/build-page.ts";
import { launchChromium, openPage } from "../browser/open-page.ts";
import { Stack } from "./stack.ts";

/** The reference server asks, the whole stack stands between, and a person fills in the form in a browser. */

const SERVER = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js"));
const TOOL = "everything__trigger-elicitation-request";
const CONFIGURATION = `agents:
  assistant: { model: scripted, tools: [everything], approvals: { "*": never } }
mcpServers:
  everything: { command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(SERVER)}] }
`;

let stack: Stack;
let page: Awaited<ReturnType<typeof buildPage>>;
let browser: Awaited<ReturnType<typeof launchChromium>>;
beforeAll(async () => {
  page = await buildPage();
  stack = await Stack.start({ configuration: CONFIGURATION, webDir: page.folder });
  browser = await launchChromium();
  const client = new HoldfastClient({ baseUrl: stack.url });
  const offers = async () => (await client.tools()).data.some(({ tools }) => tools.some(({ name }) => name === TOOL));
  await until(offers, { timeoutMs: 60_000, what: "the server's tool is offered" });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await page?.remove();
});

it("[question.page] is answered in the browser: the server gets what was filled in, also after a reload in between", async () => {
  stack.model.enqueue([{ toolCall: { name: TOOL, arguments: "{}" } }], "Thank you.");
  const opened = await openPage(browser, stack.url);
  const shown = opened.page;
  await shown.getByRole("textbox", { name: "Message" }).fill("Ask me");
  await shown.keyboard.press("Enter");
  const card = shown.getByRole("group", { name: TOOL });
  await card.getByText("Needs an answer").waitFor();
  await shown.reload();
  await card.getByText("Needs an answer").waitFor();
  await card.getByRole("textbox", { name: /^String(?! with)/ }).fill("Ann of the page");
  await card.getByRole("button", { name: "Answer", exact: true }).click();
  await shown.getByRole("article", { name: "assistant" }).getByText("Thank you.").waitFor();
  const told = stack.model.requests.at(-1)?.request.messages.findLast(({ role }) => role === "tool")?.text;
  expect(told).toContain("Ann of the page");
  expect(opened.errors).toEqual([]);
  await opened.close();
}, 90_000);

it("[question.page] leaves out what was cleared, of which the server makes what it will, and says what is missing", async () => {
  stack.model.enqueue([{ toolCall: { name: TOOL, arguments: "{}" } }], "As you like.");
  const opened = await openPage(browser, stack.url);
  const shown = opened.page;
  await shown.getByRole("textbox", { name: "Message" }).fill("Ask me again");
  await shown.keyboard.press("Enter");
  const card = shown.getByRole("group", { name: TOOL });
  const line = card.getByRole("textbox", { name: "String with default" });
  expect(await line.inputValue()).toBe("It was a dark and stormy night.");
  await line.fill("");
  await card.getByRole("spinbutton", { name: "Integer" }).fill("");
  await card.getByRole("combobox", { name: "Untitled Single Select Enum" }).selectOption("—");
  await card.getByRole("checkbox", { name: "Guitar" }).uncheck();
  await card.getByRole("button", { name: "Answer", exact: true }).click();
  await card.getByText("is required").waitFor();
  const name = card.getByRole("textbox", { name: /^String(?! with)/ });
  expect(await name.getAttribute("aria-invalid")).toBe("true");
  await name.fill("Ann who clears");
  await card.getByRole("button", { name: "Answer", exact: true }).click();
  await shown.getByRole("article", { name: "assistant" }).getByText("As you like.").waitFor();
  const told = stack.model.requests.at(-1)?.request.messages.findLast(({ role }) => role === "tool")?.text ?? "";
  const [, raw = "{}"] = /Raw result: (\{[^]*?\n\})/.exec(told) ?? [];
  expect(JSON.parse(raw)).toEqual({
    action: "accept",
    content: {
      name: "Ann who clears",
      check: false,
      number: 3.14,
      titledSingleSelectEnum: "hero-1",
      titledMultipleSelectEnum: ["fish-1"],
      legacyTitledEnum: "pet-1",
    },
  });
  expect(opened.errors.filter((error) => !error.includes("400"))).toEqual([]);
  await opened.close();
}, 90_000);
