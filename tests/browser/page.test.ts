import { describe, expect, it } from "@jest/globals";
import { gate, until } from "@holdfast/testing";
import { PageUnderTest } from "./fixtures/page-under-test.ts";

/** The page against scripted answers: what a real stack does only by chance. The real stack has its own tests. */
const on = new PageUnderTest().register();

describe("a conversation", () => {
  it("[page.names] [page.address] shows messages as articles named by their sender, and names itself in the address from the first one on", async () => {
    const page = await on.open({
      isDemo: true,
      onMessage: (message) => on.runOf(message).begin().say("**Bold** answer").finish(),
    });
    await on.sees("Demo mode.");
    expect(on.path()).toBe("/");
    const { conversationId } = await on.say("Hello");
    await on.log.getByRole("article", { name: "You" }).getByText("Hello").waitFor();
    await on.answer.locator("strong", { hasText: "Bold" }).waitFor();
    expect(on.path()).toBe(`/c/${conversationId}`);
    expect(await on.connection.textContent()).toBe("Live");

    await on.button("New conversation").click();
    expect(on.path()).toBe("/");
    expect(await page.getByRole("article").count()).toBe(0);
    await page.goBack();
    await on.answer.waitFor();
    await page.reload();
    await on.answer.locator("strong").waitFor();
    expect(await page.getByRole("article").count()).toBe(2);
    await page.getByRole("link", { name: /Hello/ }).waitFor();
    expect(on.errors).toEqual([]);
  });

  it("[page.early] sends what was typed before the page knew its agents", async () => {
    const page = await on.open();
    const known = gate();
    await page.route("**/v1/agents", async (route) => {
      await known.pass();
      await route.continue();
    });
    await page.reload();
    await on.box.fill("Quick");
    await on.box.press("Enter");
    expect(on.gateway.submitted).toEqual([]);
    known.open();
    await until(() => on.gateway.submitted.length === 1);
    expect(on.gateway.submitted[0]).toMatchObject({ content: "Quick" });
    expect(on.errors).toEqual([]);
  });

  it("[page.restart] replaces withdrawn text and says so", async () => {
    await on.open();
    const run = (await on.ask("Hi")).say("The first try");
    await on.answer.getByText("The first try").waitFor();
    run.supersede(4).say("second one is whole").finish();
    await on.answer.getByText("The second one is whole").waitFor();
    await on.answer.getByText("answer restarted").waitFor();
    expect(on.errors).toEqual([]);
  });

  it("[page.reconnect] loses and repeats nothing over a lost connection, and says how the connection is", async () => {
    const page = await on.open();
    const run = (await on.ask("Hi")).say("one ");
    await on.answer.getByText("one").waitFor();
    on.gateway.dropConnections();
    run.say("two ");
    await on.answer.getByText("one two").waitFor();
    await on.gateway.stop();
    await on.isConnection("Reconnecting…");
    run.say("three ");
    await on.gateway.start();
    run.say("four").finish();
    await on.isConnection("Live");
    await on.answer.getByText("one two three four", { exact: true }).waitFor();
    await page.context().setOffline(true);
    on.gateway.dropConnections();
    await on.isConnection("Offline");
    await page.context().setOffline(false);
    await on.isConnection("Live");
    expect(await page.getByRole("article").count()).toBe(2);
  });

  it("[page.stop] stops the active run, while the box stays usable and later messages queue", async () => {
    await on.open();
    const message = await on.say("Count");
    const run = on.runOf(message).begin().say("1 2 3");
    await on.answer.getByText("1 2 3").waitFor();
    await on.say("And then?");
    await on.sees("Queued behind the answer above");
    await on.button("Stop").click();
    await until(() => on.gateway.cancelled.includes(message.runId));
    run.finish("cancelled", "cancelled");
    await on.sees("Stopped. What was written is kept.");
    expect(on.errors).toEqual([]);
  });

  it("tells a failed run with what to do, and asks again", async () => {
    await on.open();
    const error = { code: "model_unavailable", message: "The model is overloaded.", retryable: true };
    (await on.ask("Hi")).status("failed", { error });
    await on.sees("The model is overloaded.");
    await on.button("Try again").click();
    await until(() => on.gateway.submitted.length === 2);
    expect(on.gateway.submitted[1]).toMatchObject({ content: "Hi" });
  });
});

describe("tools", () => {
  it("[page.tools] shows a tool call as a group named by its tool, with arguments, live output and status", async () => {
    const page = await on.open();
    const args = { command: "ls -la" };
    const run = (await on.ask("List")).say("Looking.").closeStep().tool("terminal__run", args, "started");
    const card = page.getByRole("group", { name: "terminal__run" });
    await card.getByText("Running").waitFor();
    run.tool("terminal__run", args, "output", { output: "README.md\n" });
    await card.getByText("README.md").waitFor();
    run.tool("terminal__run", args, "completed", { duration_ms: 1_234, result_summary: "exit code 0" });
    await card.getByText("Done · 1.2 s").waitFor();
    await card.getByText("$ ls -la").waitFor();
    await card.getByRole("button").click();
    await card.getByText("README.md").waitFor({ state: "hidden" });
    expect(on.errors).toEqual([]);
  });

  it.each([
    ["Approve", "approve"],
    ["Reject", "reject"],
  ] as const)("[page.approval] lets the reader decide: %s", async (button, decision) => {
    const page = await on.open();
    const args = { path: "/tmp/x" };
    const run = (await on.ask("Delete it")).say("May I?").closeStep();
    run
      .tool("files__delete", args, "pending_approval")
      .approval("files__delete", args, "requested")
      .status("requires_action");
    const card = page.getByRole("group", { name: "files__delete" });
    await card.getByText('"path": "/tmp/x"').waitFor();
    await card.getByRole("button", { name: button }).click();
    await until(() => on.gateway.decisions.length === 1);
    expect(on.gateway.decisions[0]).toMatchObject({ decision });
    run.approval("files__delete", args, decision === "approve" ? "approved" : "rejected", { decided_by: "user:ada" });
    await card.getByRole("button", { name: button }).waitFor({ state: "detached" });
    await card.getByText(/ by ada/).waitFor();
    expect(on.errors).toEqual([]);
  });
});
