import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { isOfDeadProcess, ownMark } from "./process-mark.ts";

/** A process that has ended and is not collected, because its parent sleeps; and that parent. */
async function zombie() {
  const parent = spawn("bash", ["-c", "sleep 0.01 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8");
  while (!/\) Z /.test(stat())) await new Promise(setImmediate);
  return {
    pid,
    parent,
    startTime: stat()
      .slice(stat().lastIndexOf(")") + 2)
      .split(" ")[19],
  };
}

it("a process that runs is not dead", () => {
  expect(isOfDeadProcess(ownMark())).toBe(false);
});

it("a process is dead once it has ended, also where nobody has collected it", async () => {
  const { pid, parent, startTime } = await zombie();
  const namespace = ownMark().split("-", 1)[0];
  expect(isOfDeadProcess(`${namespace}-${pid}-${startTime}`)).toBe(true);
  parent.kill("SIGKILL");
});

it("says nothing of another namespace's processes", () => {
  expect(isOfDeadProcess("1-1-1")).toBe(false);
});
