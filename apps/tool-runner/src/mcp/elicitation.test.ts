import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { McpServerConfig } from "@holdfast/protocol";
import { gate } from "@holdfast/testing";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Ask, AskedForm, FormAnswer } from "./asked-form.ts";
import { eventually, testHost, type TestHost } from "./fixture/fixture-host.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

const SERVER = fileURLToPath(new URL("./fixture/asking-server.ts", import.meta.url));
const ANSWER: FormAnswer = { action: "accept", content: { name: "Ann", age: 30 } };
const ERAS = ["legacy", "modern"] as const;

let folder: string;
let test: TestHost;

function config(name: string, flags: readonly string[], more: object = {}): McpServerConfig {
  const args = [SERVER, "--journal", join(folder, name), ...flags];
  return McpServerConfig.parse({ command: process.execPath, args, holdfast: { framing: "newline", ...more } });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mcp-asking-"));
  test = testHost(() => ({
    legacy: config("legacy", []),
    modern: config("modern", ["--modern"]),
    "legacy-impatient": config("legacy-impatient", [], { tool_timeout_ms: 500 }),
    "modern-impatient": config("modern-impatient", ["--modern"], { tool_timeout_ms: 500 }),
    "legacy-silent": config("legacy-silent", [], { elicitation: false }),
    "modern-silent": config("modern-silent", ["--modern"], { elicitation: false }),
    "modern-exits": config("modern-exits", ["--modern"]),
    "legacy-dies": config("legacy-dies", []),
    "modern-dies": config("modern-dies", ["--modern"]),
    "legacy-late": config("legacy-late", [], { tool_timeout_ms: 1_000, concurrency: 1 }),
  }));
  await test.host.start();
});
afterAll(async () => {
  await test.stop();
  rmSync(folder, { recursive: true });
});

const journal = (server: string) =>
  readFileSync(join(folder, server), { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);
const text = ({ content }: { content: readonly { text?: string }[] }): unknown =>
  JSON.parse(content.map((item) => item.text).join(""));

/** Somebody who is asked, and answers when the test says so. */
function human(answer: FormAnswer = ANSWER) {
  const asked: AskedForm[] = [];
  const given = gate();
  let isOver = false;
  const ask: Ask = async (shown, signal) => {
    asked.push(shown);
    const over = new Promise<FormAnswer>((resolve) => {
      signal.addEventListener("abort", () => {
        isOver = true;
        resolve({ action: "cancel" });
      });
    });
    return Promise.race([given.pass().then(() => answer), over]);
  };
  return {
    ask,
    asked,
    answer: () => given.open(),
    get isOver() {
      return isOver;
    },
  };
}

describe.each(ERAS)("a server of the %s era that asks", (era) => {
  it("[elicitation.answer] is told what the human of its call answers", async () => {
    const ann = human();
    const outcome = test.call(era, "ask", { entry: "one" }, { ask: ann.ask });
    await eventually(() => ann.asked.length === 1);
    expect(ann.asked).toMatchObject([
      { message: "Who is it?", requestedSchema: { properties: { age: { default: 30 } }, required: ["name"] } },
    ]);
    ann.answer();
    expect(text(await outcome)).toEqual(ANSWER);
  });

  it.each(["decline", "cancel"] as const)("[elicitation.answer] is told that it was not: %s", async (action) => {
    const bob = human({ action });
    bob.answer();
    expect(text(await test.call(era, "ask", {}, { ask: bob.ask }))).toEqual({ action });
  });

  it("[elicitation.clock] is not late while the human thinks, however long", async () => {
    const name = `${era}-impatient`;
    const ann = human();
    const outcome = test.call(name, "ask", { entry: "late" }, { ask: ann.ask, timeoutMs: 1_000 });
    await eventually(() => ann.asked.length === 1);
    // Three calls that are late, one after the other: longer than both of its limits.
    for (let late = 0; late < 3; late += 1) {
      expect((await test.call(name, "hold", {}, { ask: ann.ask })).error?.code).toBe("timeout");
    }
    expect(ann.isOver).toBe(false);
    ann.answer();
    expect(text(await outcome)).toEqual(ANSWER);
  });

  it("[elicitation.cancel] hears nothing more of a call that is cancelled, and its human is asked no more", async () => {
    const ann = human();
    const cancel = new AbortController();
    const outcome = test.call(era, "ask", { entry: "gone" }, { ask: ann.ask, signal: cancel.signal });
    await eventually(() => ann.asked.length === 1);
    cancel.abort();
    expect(await outcome).toMatchObject({ status: "cancelled" });
    expect(ann.isOver).toBe(true);
    await test.call(era, "release");
    // One that waits for an answer gets one.
    const told = era === "legacy" ? ["answered gone cancel"] : [];
    expect(journal(era).filter((line) => line.startsWith("answered gone"))).toEqual(told);
  });

  it.each([
    ["an address to open", { mode: "url", message: "m", url: "https://example.org/", elicitationId: "1" }, "decline"],
    ["hidden letters in what goes back", form({ "a\u200b": { type: "string" } }), "cancel"],
    [
      "a field whose name is lost where it is read",
      JSON.parse(JSON.stringify(form({ it: { type: "string" } })).replace('"it"', '"__proto__"')) as object,
      "cancel",
    ],
    [
      "more fields than anybody fills in",
      form(Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`f${n}`, { type: "string" }]))),
      "cancel",
    ],
  ])("[elicitation.form] asks nobody for %s", async (_what, params, action) => {
    const ann = human();
    const outcome = await test.call(era, "ask", { params }, { ask: ann.ask });
    expect(ann.asked).toEqual([]);
    // Of an address a client of the older era that offers none is told so by the SDK.
    expect(outcome.content[0]?.text).toMatch(new RegExp(`"action":"(${action}|refused)"`));
  });

  it("[elicitation.form] is shown without what cannot be seen, defaults that do not fit, and null, as pydantic has it", async () => {
    const ann = human({ action: "decline" });
    ann.answer();
    const properties = {
      a: { type: "string", title: "A\u202eB", minLength: 3, default: "x" },
      b: { anyOf: [{ type: "string", maxLength: 9 }, { type: "null" }], default: null, title: "B" },
      c: { type: ["integer", "null"], default: 7 },
    };
    await test.call(era, "ask", { params: form(properties, "Be\u0007careful") }, { ask: ann.ask });
    expect(ann.asked[0]?.message).toBe("Becareful");
    expect(ann.asked[0]?.requestedSchema.properties).toEqual({
      a: { type: "string", title: "AB", minLength: 3 },
      b: { type: "string", maxLength: 9, title: "B" },
      c: { type: "integer", default: 7 },
    });
  });
});

describe.each(ERAS)("a server of the %s era that has secrets", (era) => {
  it("[elicitation.redacted] shows none of them, and its names and choices as they are", async () => {
    const ann = human({ action: "decline" });
    ann.answer();
    const secret = "sk-0123456789abcdef";
    const properties = {
      [secret]: { type: "string", title: `T ${secret}`, description: `D ${secret}`, default: secret },
      b: { type: "string", enum: [secret], enumNames: [`N ${secret}`] },
      c: { type: "string", oneOf: [{ const: secret, title: `O ${secret}` }] },
    };
    await test.call(era, "ask", { params: form(properties, `Is ${secret} right?`) }, { ask: ann.ask });
    expect(ann.asked).toEqual([
      {
        message: "Is [redacted] right?",
        requestedSchema: {
          type: "object",
          properties: {
            [secret]: { type: "string", title: "T [redacted]", description: "D [redacted]" },
            b: { type: "string", enum: [secret], enumNames: ["N [redacted]"] },
            c: { type: "string", oneOf: [{ const: secret, title: "O [redacted]" }] },
          },
        },
      },
    ]);
  });

  it("[elicitation.off] asks nobody where its configuration says so", async () => {
    const ann = human();
    const outcome = await test.call(`${era}-silent`, "ask", {}, { ask: ann.ask });
    expect(ann.asked).toEqual([]);
    // The older era hears "method not found", the newer one gives no result.
    expect(outcome.status).toBe(era === "legacy" ? "completed" : "failed");
    expect(outcome.content[0]?.text).toMatch(era === "legacy" ? /refused/ : /nobody gives/);
  });
});

function form(properties: object, message = "m") {
  return { mode: "form", message, requestedSchema: { type: "object", properties } };
}

describe("a call at a server that asks", () => {
  it("[elicitation.once] is sent once, though the server is gone when it is to be sent again", async () => {
    const outcome = await test.call("modern-exits", "ask", { entry: "half", exits: true });
    expect(outcome.status).toBe("unknown");
    expect(outcome.error?.message).toContain("exited with code 1");
    expect(journal("modern-exits")).toEqual(["asked half"]);
  });

  it.each(ERAS)(
    "[elicitation.death] of the %s era is unknown when the server dies, whatever its human does",
    async (era) => {
      const name = `${era}-dies`;
      const ann = human();
      const outcome = test.call(name, "ask", { entry: "dead" }, { ask: ann.ask });
      await eventually(() => ann.asked.length === 1);
      process.kill(test.host.toolsets().find((one) => one.toolset === name)?.health?.pid ?? 0, "SIGKILL");
      expect(await outcome).toMatchObject({ status: "unknown" });
      expect(ann.isOver).toBe(true);
      expect(journal(name)).toEqual(["asked dead"]);
    },
  );
});

describe("a server with several calls in flight", () => {
  it.each(["late", "cancelled"])("[elicitation.which] asks nobody for a call that ended %s", async (how) => {
    const [ann, bob, eve] = [human(), human(), human()];
    const name = "legacy-late";
    const cancel = new AbortController();
    const left = test.call(name, "ask", { entry: how, dawdles: true }, { ask: ann.ask, signal: cancel.signal });
    const held =
      how === "late" ? left : eventually(() => journal(name).includes(`dawdles ${how}`)).then(() => cancel.abort());
    await held;
    expect((await left).error?.code).toBe(how === "late" ? "timeout" : "cancelled");
    // Bob's own call lets the other one go on, and asks itself while it does.
    const release = test.call(name, "release", {}, { ask: bob.ask });
    expect((await release).status).toBe("completed");
    await eventually(() => journal(name).includes(`answered ${how} cancel`));
    expect([ann.asked, bob.asked]).toEqual([[], []]);
    // It has answered after all, so who is alone now may be asked.
    eve.answer();
    expect(text(await test.call(name, "ask", {}, { ask: eve.ask }))).toEqual(ANSWER);
  });

  it("[elicitation.which] that is silent about a cancelled call asks again without a restart", async () => {
    const forgetful = testHost(() => ({ one: config("one", []) }), undefined, { questionExpiryMs: 500 });
    try {
      const cancel = new AbortController();
      const outcome = forgetful.call("one", "hold", { entry: "silent" }, { signal: cancel.signal });
      await eventually(() => journal("one").includes("holds silent"));
      cancel.abort();
      expect((await outcome).status).toBe("cancelled");
      const ann = human();
      ann.answer();
      await eventually(async () =>
        (await forgetful.call("one", "ask", {}, { ask: ann.ask })).content[0]?.text?.includes("Ann"),
      );
      expect(journal("one").filter((line) => line === "cancelled")).toHaveLength(1);
      expect(forgetful.log().match(/mcp server connected/g)).toHaveLength(1);
    } finally {
      await forgetful.stop();
    }
  });

  it("[elicitation.which] asks nobody where nothing says for which of them it asks", async () => {
    const [ann, bob] = [human(), human()];
    const held = test.call("legacy", "hold", {}, { ask: bob.ask });
    const asking = await test.call("legacy", "ask", {}, { ask: ann.ask });
    expect(text(asking)).toEqual({ action: "cancel" });
    await test.call("legacy", "release");
    expect((await held).status).toBe("completed");
    expect([ann.asked, bob.asked]).toEqual([[], []]);
    // Alone again, it may ask.
    ann.answer();
    expect(text(await test.call("legacy", "ask", {}, { ask: ann.ask }))).toEqual(ANSWER);
  });

  it("[elicitation.which] of 2026-07-28 asks each call's own human", async () => {
    const [ann, bob] = [human(), human({ action: "accept", content: { name: "Bob" } })];
    const outcomes = [
      test.call("modern", "ask", { entry: "anns" }, { ask: ann.ask }),
      test.call("modern", "ask", { entry: "bobs" }, { ask: bob.ask }),
    ];
    await eventually(() => ann.asked.length + bob.asked.length === 2);
    bob.answer();
    ann.answer();
    expect((await Promise.all(outcomes)).map(text)).toEqual([ANSWER, { action: "accept", content: { name: "Bob" } }]);
    expect(journal("modern")).toEqual(
      expect.arrayContaining(["answered anns state of anns", "answered bobs state of bobs"]),
    );
  });

  it("[elicitation.cancel] takes back a question whose call it answered without waiting", async () => {
    const ann = human();
    const outcome = await test.call("legacy", "ask", { entry: "left", leaves: true }, { ask: ann.ask });
    expect(outcome).toMatchObject({ status: "completed", content: [{ text: "left" }] });
    await eventually(() => journal("legacy").includes("answered left cancel"));
    expect(ann.asked.length === 0 || ann.isOver).toBe(true);
  });
});
