import { describe, expect, it } from "@jest/globals";
import { spawnService } from "@holdfast/testing";
import type { TestService } from "@holdfast/testing";
import { fileURLToPath } from "node:url";
import { Lifecycle } from "./lifecycle.ts";

const entry = fileURLToPath(new URL("../fixtures/process.ts", import.meta.url));
const spawn = (behaviour: string) => spawnService({ name: behaviour, entry, args: [behaviour] });
const messages = (service: TestService) => service.logs.map((line) => line.message);
const closed = (service: TestService) =>
  service.logs.filter((line) => line.message === "closed").map((line) => line["resource"]);

describe("a process", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "[exit.drained] exits 0 on %s after closing what it opened, last opened first",
    async (signal) => {
      const service = spawn("plain");
      expect(await service.waitForReady()).toMatchObject({ port: 8080, level: "info", service: "fixture" });
      service.kill(signal);
      expect(await service.exit).toEqual({ code: 0, signal: null });
      expect(closed(service)).toEqual(["second", "first", "timer"]);
      expect(messages(service).at(-1)).toBe("stopped");
    },
  );

  it("[exit.second-signal] exits 1 at once on a second signal", async () => {
    const service = spawn("hangs-closing");
    await service.waitForReady();
    service.kill("SIGTERM");
    await service.waitForLog((line) => line["resource"] === "stuck");
    service.kill("SIGINT");
    expect((await service.exit).code).toBe(1);
    expect(service.logs.at(-1)).toMatchObject({ reason: "second signal: SIGINT", closing: "stuck" });
  });

  it("[exit.overdue] exits 1 when closing takes longer than allowed, and says what hung", async () => {
    const service = spawn("hangs-closing");
    await service.waitForReady();
    service.kill("SIGTERM");
    expect((await service.exit).code).toBe(1);
    expect(service.logs.at(-1)).toMatchObject({ level: "error", reason: "not closed within 500 ms", closing: "stuck" });
    expect(closed(service)).toEqual(["second", "stuck"]);
  });

  it("closes the rest when one close fails, and still counts as drained", async () => {
    const service = spawn("fails-closing");
    await service.waitForReady();
    expect((await service.stop()).code).toBe(0);
    expect(closed(service)).toEqual(["second", "broken", "first", "timer"]);
    expect(messages(service)).toContain("could not close");
  });

  it.each(["rejects", "throws"])("that %s unforeseen crashes with 1 and closes nothing", async (behaviour) => {
    const service = spawn(behaviour);
    expect((await service.exit).code).toBe(1);
    expect(service.logs.at(-1)).toMatchObject({ message: "crashed", level: "error" });
    expect(closed(service)).toEqual([]);
    expect(JSON.stringify(service.logs)).not.toContain("abcdefgh");
  });

  it("that fails to start closes what it had opened and exits 1 without having been ready", async () => {
    const service = spawn("fails-starting");
    expect((await service.exit).code).toBe(1);
    expect(closed(service)).toEqual(["first", "timer"]);
    expect(messages(service)).not.toContain("ready");
    expect(messages(service)).toContain("could not start");
  });

  it("told to stop halfway through its start closes also what it opens afterwards, and exits 0", async () => {
    const service = spawn("slow-start");
    await service.waitForLog((line) => line.message === "starting");
    service.kill("SIGTERM");
    expect((await service.exit).code).toBe(0);
    expect(closed(service)).toEqual(expect.arrayContaining(["first", "timer", "late"]));
    expect(messages(service)).not.toContain("could not start");
  });

  it("[exit.config] prints every problem of its configuration and exits 78", async () => {
    const service = spawn("misconfigured");
    expect((await service.exit).code).toBe(78);
    expect(service.output.map((line) => line.trim())).toEqual([
      "the configuration is not valid:",
      "a.yaml:3: x: unknown key",
      "PORT: is required",
    ]);
  });
});

describe("shutdown", () => {
  it("closes at once what is handed over after it has ended", async () => {
    const lifecycle = new Lifecycle();
    await lifecycle.shutdown("first");
    let isClosed = false;
    lifecycle.own("late", async () => {
      isClosed = true;
    });
    await lifecycle.shutdown("again");
    expect(isClosed).toBe(true);
  });

  it("happens once, however often it is asked for, and aborts the signal with its reason", async () => {
    const lifecycle = new Lifecycle();
    let count = 0;
    lifecycle.own("a", () => {
      count += 1;
    });
    await Promise.all([lifecycle.shutdown("first"), lifecycle.shutdown("second")]);
    expect([count, lifecycle.signal.aborted, lifecycle.signal.reason]).toEqual([1, true, "first"]);
  });
});
