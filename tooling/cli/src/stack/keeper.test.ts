import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";
import { isAlive } from "./processes.ts";

const KEEPER = fileURLToPath(new URL("./keeper.ts", import.meta.url));

/** A process that starts a keeper for two sleeping groups, says their pids, and waits. */
const OWNER = `
import { spawn } from "node:child_process";
import { startKeeper } from ${JSON.stringify(KEEPER)};
const sleeper = () => spawn("sleep", ["60"], { detached: true, stdio: "ignore" }).pid;
const [service, redis] = [sleeper(), sleeper()];
const keeper = startKeeper();
keeper.update([service], [redis]);
if (process.argv.includes("release")) keeper.release();
console.log(JSON.stringify([service, redis]));
setInterval(() => {}, 1000);
`;

async function ownerOf(...args: string[]) {
  const flags = ["--input-type=module", "-e", OWNER, "--", ...args];
  const owner = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const chunk of owner.stdout) return { owner, pids: JSON.parse(String(chunk)) as number[] };
  throw new Error("the owner said nothing");
}

it("what a killed start leaves behind is ended, services and Redis", async () => {
  const { owner, pids } = await ownerOf();
  owner.kill("SIGKILL");
  while (pids.some(isAlive)) await delay(20);
  expect(pids.map(isAlive)).toEqual([false, false]);
});

it("after a release nothing is touched", async () => {
  const { owner, pids } = await ownerOf("release");
  owner.kill("SIGKILL");
  await delay(300); // Nothing must happen, so there is nothing to wait for.
  expect(pids.map(isAlive)).toEqual([true, true]);
  for (const pid of pids) process.kill(pid, "SIGKILL");
});
