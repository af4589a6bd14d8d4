import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EVERY_PROCESS, ProcessCounter } from "./older-processes.ts";

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "holdfast-proc-"));
});
afterEach(() => rmSync(proc, { recursive: true, force: true }));

const lastGiven = (pid: number) => writeFileSync(join(proc, "loadavg"), `0.70 1.20 2.57 1/173 ${pid}\n`);
const runs = (pid: number, ...threads: number[]) => {
  for (const task of [pid, ...threads]) mkdirSync(join(proc, String(pid), "task", String(task)), { recursive: true });
};

describe("the processes older than a call", () => {
  it("are all up to the number given last, this one among them", () => {
    const { upTo, others } = new ProcessCounter().older;
    expect(process.pid <= upTo || others.includes(process.pid)).toBe(true);
  });

  it("keep their protection when the numbers begin anew", () => {
    runs(1);
    runs(32_000, 32_010);
    lastGiven(32_700);
    const counter = new ProcessCounter(proc);
    expect(counter.older).toEqual({ upTo: 32_700, others: [] });
    lastGiven(400);
    expect(counter.older.upTo).toBe(400);
    expect(counter.older.others.toSorted((one, other) => one - other)).toEqual([32_000, 32_010]);
    expect(new ProcessCounter(proc).older.others.toSorted((one, other) => one - other)).toEqual([32_000, 32_010]);
  });

  it("are taken to be all there can be where they are too many to name, or the kernel does not tell", () => {
    lastGiven(400);
    for (let pid = 1_000; pid < 1_065; pid += 1) runs(pid);
    expect(new ProcessCounter(proc).older).toEqual({ upTo: EVERY_PROCESS, others: [] });
    writeFileSync(join(proc, "loadavg"), "?");
    expect(new ProcessCounter(proc).older).toEqual({ upTo: EVERY_PROCESS, others: [] });
  });
});
