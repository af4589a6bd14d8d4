import { until } from "@holdfast/testing";
import { expect, it } from "@jest/globals";
import { PageUnderTest } from "./fixtures/page-under-test.ts";
import type { ScriptedRun } from "./fixtures/scripted-run.ts";

/** The form of a question, against scripted answers. A real server and the whole stack stand behind it in e2e/questions.test.ts. */
const on = new PageUnderTest().register();

const TOOL = "shop__order";
const QUESTION = {
  kind: "question",
  toolset: "shop",
  message: "Where should it go?",
  requested_schema: {
    type: "object",
    properties: {
      email: { type: "string", format: "email", title: "Email", description: "For the receipt" },
      count: { type: "integer", title: "How many", default: 2 },
      gift: { type: "boolean", title: "As a gift" },
      size: {
        type: "string",
        title: "Size",
        oneOf: [
          { const: "s", title: "Small" },
          { const: "l", title: "Large" },
        ],
      },
      extras: { type: "array", title: "Extras", items: { type: "string", enum: ["Bow", "Card"] }, default: ["Card"] },
      when: { type: "string", format: "date-time", title: "When" },
    },
    required: ["email"],
  },
};

async function asked(colorScheme: "light" | "dark" = "light"): Promise<ScriptedRun> {
  await on.open({}, { colorScheme, viewport: { width: 360, height: 740 } });
  const run = (await on.ask("Order it")).say("Ordering.").closeStep().tool(TOOL, {}, "started");
  return run.approval(TOOL, {}, "requested", QUESTION);
}

it.each(["light", "dark"] as const)("[page.question] is filled in by keyboard alone, in %s", async (scheme) => {
  const run = await asked(scheme);
  const card = on.page.getByRole("group", { name: TOOL });
  await card.getByText("Needs an answer").waitFor();
  await card.getByText("shop", { exact: true }).waitFor();
  await card.getByText("Where should it go?").waitFor();
  const email = card.getByLabel("Email");
  expect(await email.getAttribute("aria-required")).toBe("true");
  expect(await card.getByLabel("How many").inputValue()).toBe("2");
  expect(await card.getByLabel("Card").isChecked()).toBe(true);
  await email.focus();
  const keys = on.page.keyboard;
  await keys.type("ann@example.org");
  await keys.press("Tab");
  await keys.press("ArrowUp");
  await keys.press("Tab");
  await keys.press("Space");
  await keys.press("Tab");
  await keys.type("Large");
  await keys.press("Tab");
  await keys.press("Space");
  await card.getByRole("button", { name: "Answer", exact: true }).press("Enter");
  await until(() => on.gateway.decisions.length === 1);
  expect(on.gateway.decisions[0]).toMatchObject({
    decision: "approve",
    content: { email: "ann@example.org", count: 3, gift: true, size: "l", extras: ["Bow", "Card"] },
  });
  expect(await on.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  run.approval(TOOL, {}, "approved", { ...QUESTION, decided_by: "user:ada" });
  await card.getByRole("button", { name: "Answer", exact: true }).waitFor({ state: "detached" });
  await card.getByText("Answered by ada").waitFor();
  await card.getByText("Running").waitFor();
  expect(on.errors).toEqual([]);
});

it("[page.question] says beside each field what does not fit, and keeps what was filled in", async () => {
  await asked();
  const card = on.page.getByRole("group", { name: TOOL });
  on.gateway.decisionProblems = [{ path: "content.email", message: "must be an email address" }];
  const email = card.getByLabel("Email");
  await email.fill("ann");
  await email.press("Enter");
  await card.getByText("must be an email address").waitFor();
  await card.getByRole("alert").getByText("does not fit").waitFor();
  expect(await email.getAttribute("aria-invalid")).toBe("true");
  expect(await email.evaluate((input) => input === document.activeElement)).toBe(true);
  expect(await email.inputValue()).toBe("ann");
  on.gateway.decisionProblems = [];
  await email.fill("ann@example.org");
  await email.press("Enter");
  await until(() => on.gateway.decisions.length === 2);
  expect(on.errors.filter((error) => !error.includes("400"))).toEqual([]);
});

it("[page.question] sends nothing in place of a number that cannot be read", async () => {
  await asked();
  const card = on.page.getByRole("group", { name: TOOL });
  await card.getByLabel("Email").fill("ann@example.org");
  const count = card.getByLabel("How many");
  await count.selectText();
  await count.pressSequentially("-");
  await count.press("Enter");
  await card.getByText("must be a number").waitFor();
  expect(await count.getAttribute("aria-invalid")).toBe("true");
  expect(await count.evaluate((input) => input === document.activeElement)).toBe(true);
  expect(on.gateway.decisions).toEqual([]);
  await count.fill("5");
  await count.press("Enter");
  await until(() => on.gateway.decisions.length === 1);
  expect(on.gateway.decisions[0]).toMatchObject({ content: { count: 5 } });
});

it("[page.question] sends nothing in place of a time that is none, such as of a year that was typed too long", async () => {
  await asked();
  const card = on.page.getByRole("group", { name: TOOL });
  await card.getByLabel("Email").fill("ann@example.org");
  const when = card.getByLabel("When");
  await when.fill("20266-11-23T10:00");
  await card.getByRole("button", { name: "Answer", exact: true }).click();
  await card.getByText("must be a whole date").waitFor();
  expect(await when.evaluate((input) => input === document.activeElement)).toBe(true);
  await when.fill("2026-11-23T10:00");
  await card.getByRole("button", { name: "Answer", exact: true }).click();
  await until(() => on.gateway.decisions.length === 1);
  const [{ content } = {}] = on.gateway.decisions as { content?: { when?: string } }[];
  expect(content?.when).toMatch(/^2026-11-2\dT\d\d:00:00.000Z$/);
  expect(on.errors).toEqual([]);
});

it("[page.question] can be declined, and is gone when nobody wants to know any more", async () => {
  const run = await asked();
  const card = on.page.getByRole("group", { name: TOOL });
  await card.getByRole("button", { name: "Decline" }).click();
  await until(() => on.gateway.decisions.length === 1);
  expect(on.gateway.decisions[0]).toMatchObject({ decision: "reject" });
  expect(on.gateway.decisions[0]).not.toHaveProperty("content");
  run.approval(TOOL, {}, "expired", QUESTION).tool(TOOL, {}, "cancelled");
  await card.getByRole("button", { name: "Decline" }).waitFor({ state: "detached" });
  await card.getByText("Nobody answered").waitFor();
});
