import { describe, expect, it } from "@jest/globals";
import { until } from "@holdfast/testing";
import { PageUnderTest } from "./fixtures/page-under-test.ts";

/** How the page takes messages and shows what is long, narrow, dark or dangerous, against scripted answers. */
const on = new PageUnderTest().register();

describe("the message box", () => {
  it("[page.keys] sends with Enter, breaks the line with Shift+Enter and sends nothing empty", async () => {
    await on.open();
    await on.box.press("Enter");
    await on.box.pressSequentially("one");
    await on.box.press("Shift+Enter");
    await on.box.pressSequentially("two");
    await on.box.press("Enter");
    await until(() => on.gateway.submitted.length === 1);
    expect(on.gateway.submitted[0]?.content).toBe("one\ntwo");
    expect(await on.box.inputValue()).toBe("");
  });

  it("[page.unsent] keeps a message that was not accepted, with the error, and sends it again under its id", async () => {
    const page = await on.open();
    const ids: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") ids.push((request.postDataJSON() as { id: string }).id);
    });
    on.gateway.refuseWith = 500;
    await on.box.fill("Keep me");
    await on.button("Send").click();
    await page.getByRole("alert").getByText("Not sent: The disk is full").waitFor();
    expect(await on.box.inputValue()).toBe("Keep me");
    expect(await page.getByRole("article").count()).toBe(0);
    on.gateway.refuseWith = undefined;
    await on.box.press("Enter");
    await page.getByRole("article", { name: "You" }).getByText("Keep me").waitFor();
    expect(new Set(ids).size).toBe(1);
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("asks the agent that was picked, and keeps to it", async () => {
    const page = await on.open({ agents: ["assistant", "researcher"] });
    await page.getByRole("combobox", { name: "Agent" }).selectOption("researcher");
    await on.say("Hi");
    await page.getByRole("article", { name: "researcher" }).waitFor();
    expect(await page.getByRole("combobox", { name: "Agent" }).inputValue()).toBe("researcher");
  });
});

describe("the view", () => {
  it("[page.scroll] follows the answer only while the reader is at its end", async () => {
    const page = await on.open();
    const run = (await on.ask("Write")).say("line\n\n".repeat(80));
    const log = on.log;
    const distance = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    await until(async () => (await distance()) < 2 && (await log.evaluate((element) => element.scrollTop)) > 500);
    await log.hover();
    await page.mouse.wheel(0, -600);
    await on.button("Jump to latest").waitFor();
    run.say("the end");
    await on.sees("the end");
    expect(await distance()).toBeGreaterThan(400);
    await on.button("Jump to latest").click();
    await until(async () => (await distance()) < 2);
  });

  it.each(["light", "dark"] as const)(
    "[page.narrow] fits 360 px without scrolling sideways in %s",
    async (colorScheme) => {
      const page = await on.open({ isDemo: true }, { viewport: { width: 360, height: 740 }, colorScheme });
      const long = `https://example.org/${"long/".repeat(60)}`;
      const code = `\`\`\`\n${"wide ".repeat(80)}\n\`\`\`\n\n| ${"a | ".repeat(20)}\n|${"-|".repeat(20)}\n| ${"cell | ".repeat(20)}`;
      const run = (await on.ask(long)).say(`${long}\n\n${code}`).closeStep();
      run
        .tool("a_tool_with_quite_a_long_name__and_more", { command: long }, "started")
        .tool("x", {}, "output", { output: long });
      await page.getByRole("group", { name: "a_tool_with_quite_a_long_name__and_more" }).waitFor();
      const widest = await page.evaluate(() =>
        [document.documentElement, document.querySelector('[role="log"]')].map(
          (element) => (element?.scrollWidth ?? 0) - (element?.clientWidth ?? 0),
        ),
      );
      expect(widest).toEqual([0, 0]);
      const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      expect(background).toBe(colorScheme === "light" ? "rgb(251, 250, 247)" : "rgb(21, 23, 26)");

      await on.button("Show conversations").click();
      await page.getByRole("dialog").getByRole("button", { name: "New conversation" }).click();
      expect(on.path()).toBe("/");
      expect(on.errors).toEqual([]);
    },
  );

  it("[page.unsafe] runs nothing and loads nothing that a model's text asks for", async () => {
    await on.open();
    const text =
      '<img src=x onerror="document.title=1"> [click](javascript:alert(1)) ![pic](https://example.org/track.png) [ok](https://example.org)';
    (await on.ask("Hi")).say(text).finish();
    await on.answer.getByRole("link", { name: "ok" }).waitFor();
    expect(await on.answer.locator("img, script").count()).toBe(0);
    expect(await on.answer.getByRole("link", { name: "ok" }).getAttribute("rel")).toContain("noopener");
    expect(await on.answer.getByRole("link", { name: "click" }).count()).toBe(0);
    expect(on.errors).toEqual([]);
  });

  it("says that a conversation does not exist", async () => {
    const page = await on.open({}, {}, "/c/00000000-0000-4000-8000-000000000000");
    await on.sees("There is no such conversation");
    expect(await page.getByRole("article").count()).toBe(0);
  });

  it("changes between dark and light, and remembers it", async () => {
    const page = await on.open();
    const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    await on.button("Use dark colours").click();
    expect(await scheme()).toBe("dark");
    await page.reload();
    await on.button("Use light colours").waitFor();
    expect(await scheme()).toBe("dark");
  });
});

describe("the tools", () => {
  it("[page.servers] are shown with how their servers fare, and a server can be started anew", async () => {
    const page = await on.open();
    const last_error = { message: "it exited with code 3: no such folder", at: "2026-11-22T10:00:00Z" };
    const server = { runner: "r", state: "ready", pid: 42, transport: "newline", restarts: 2, latency_ms: 7, tools: 1 };
    const tool = { name: "files__read", description: "Reads", input_schema: {} };
    on.gateway.toolsets = [
      { toolset: "terminal", state: "ready", tools: [tool] },
      { toolset: "files", state: "ready", tools: [tool], servers: [{ ...server, last_error }] },
      { toolset: "mail", state: "failed", error: "its command cannot be started (ENOENT)", tools: [], servers: [] },
    ];
    await on.button("Tools").click();
    const listed = page.getByRole("list", { name: "Tools" }).getByRole("listitem");
    await until(async () => (await listed.count()) === 3);
    expect(await listed.nth(0).textContent()).toContain("1 tool");
    for (const fact of ["process 42", "2 restarts", "last call 7 ms", "it exited with code 3"]) {
      expect(await listed.nth(1).textContent()).toContain(fact);
    }
    expect(await listed.nth(2).textContent()).toContain("ENOENT");
    await on.button("Restart files").click();
    await until(() => on.gateway.restarted.length === 1);
    expect(on.gateway.restarted).toEqual(["files"]);
    // What changes is shown without another click.
    on.gateway.toolsets = [];
    await until(async () => (await listed.count()) === 0, { timeoutMs: 20_000 });
    expect(on.errors).toEqual([]);
  });
});
