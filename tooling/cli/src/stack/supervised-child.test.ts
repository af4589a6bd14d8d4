import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, it } from "@jest/globals";
import { isAlive } from "./processes.ts";
import { GivenUp, pauseAfter, type Recipe, SupervisedChild } from "./supervised-child.ts";

const notices: string[] = [];
const lines: string[] = [];
const children: SupervisedChild[] = [];

/** A child that runs a line of JavaScript and is ready when it prints so. */
function child(script: string | (() => string), recipe: Partial<Recipe> = {}): SupervisedChild {
  const supervised = new SupervisedChild(
    {
      name: "service",
      isReady: (line) => line === "ready",
      command: () => ({ file: process.execPath, args: ["-e", typeof script === "string" ? script : script()] }),
      ...recipe,
    },
    { line: (_name, line) => lines.push(line), notice: (text) => notices.push(text), groupsChanged: () => {} },
  );
  children.push(supervised);
  return supervised;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

afterEach(async () => {
  notices.length = 0;
  lines.length = 0;
  await Promise.all(children.splice(0).map((each) => each.stop(0)));
});

const FOREVER = "console.log('ready'); setInterval(() => {}, 1000);";

it("a child that dies after it was ready is started again", async () => {
  const service = child(FOREVER);
  await service.start();
  const first = service.group ?? 0;
  process.kill(first, "SIGKILL");
  await until(() => service.group !== undefined && service.group !== first);
  expect(notices).toEqual(["service ended (SIGKILL); it starts again in 0.25 s"]);
});

it("a configuration problem is final and keeps its exit code; a quiet child's words are told then", async () => {
  const failure = await child("console.error('holdfast.yaml:3 bad'); process.exit(78)", { isQuiet: true })
    .start()
    .catch((error) => error);
  expect(failure).toBeInstanceOf(GivenUp);
  expect(failure).toMatchObject({ exitCode: 78, message: expect.stringContaining("holdfast.yaml:3 bad") });
});

it("a child that never gets ready is given up after a few tries", async () => {
  let starts = 0;
  const failing = child(() => {
    starts += 1;
    return "process.exit(3)";
  });
  await expect(failing.start()).rejects.toThrow("does not start (exit code 3)");
  expect(starts).toBe(5);
});

it("a program that does not exist is given up too", async () => {
  const missing = child("", { command: () => ({ file: "/no/such/program", args: [] }) });
  await expect(missing.start()).rejects.toThrow("ENOENT");
});

it("a child that ignores SIGTERM is killed with its whole group when the patience is over", async () => {
  const stubborn = child(`
    const { spawn } = require("node:child_process");
    process.on("SIGTERM", () => {});
    const grandchild = spawn("sleep", ["60"]);
    console.log("pid " + grandchild.pid);
    ${FOREVER}`);
  await stubborn.start();
  const group = stubborn.group ?? 0;
  const grandchild = Number(/^pid (\d+)$/.exec(lines[0] ?? "")?.[1]);
  expect(isAlive(grandchild)).toBe(true);
  await stubborn.stop(50);
  expect(isAlive(group)).toBe(false);
  await until(() => !isAlive(grandchild));
});

it("a stopped child stays stopped", async () => {
  const service = child(FOREVER);
  await service.start();
  await service.stop(1000);
  expect(service.group).toBeUndefined();
  expect(notices).toEqual([]);
});

it("the pause between starts grows to a limit", () => {
  expect([1, 2, 3, 4, 5, 6, 20].map(pauseAfter)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
});
