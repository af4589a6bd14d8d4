import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "@jest/globals";
import { nodeFor } from "./node-binary.ts";
import { spawnService, type TestService } from "./service.ts";
import { until } from "./until.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const started: TestService[] = [];

function start(env: Record<string, string> = {}, args: string[] = []): TestService {
  const service = spawnService({ name: "fixture", entry: fixture("service.ts"), env, args });
  started.push(service);
  return service;
}
afterEach(async () => {
  for (const service of started) service.kill();
  await Promise.all(started.splice(0).map((service) => service.exit));
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it("gives the ready line's fields and collects the log", async () => {
  const service = start({}, ["--flag"]);
  expect(await service.waitForReady()).toMatchObject({
    message: "ready",
    url: "http://127.0.0.1:1",
    arguments: ["--flag"],
  });
  expect(service.logs.map((line) => line.message)).toEqual(["starting", "ready"]);
  expect(service.output).toEqual(["a line that is not JSON"]);
});

it("passes no environment but the given one and what every program needs", async () => {
  process.env["HOLDFAST_LEAK"] = "1";
  const service = start({ GIVEN: "1" });
  await service.waitForReady();
  delete process.env["HOLDFAST_LEAK"];
  expect(service.logs[0]?.["environment"]).toContain("GIVEN");
  expect(service.logs[0]?.["environment"]).not.toContain("HOLDFAST_LEAK");
  expect(service.logs[0]?.["environment"]).not.toContain("NODE_OPTIONS");
});

it("waits on stop until the service has ended by itself, with its last log lines", async () => {
  const service = start();
  await service.waitForReady();
  expect(await service.stop()).toEqual({ code: 0, signal: null });
  expect(service.logs.at(-1)).toEqual({ message: "stopped" });
});

it("reports a service that ends before it is ready, with its output", async () => {
  const service = start({ FIXTURE_MODE: "crash" });
  await expect(service.waitForReady()).rejects.toThrow(/fixture ended[^]*78[^]*fixture cannot start/);
  expect(await service.exit).toEqual({ code: 78, signal: null });
});

it("kills a service that ignores SIGTERM and calls that an error", async () => {
  const service = start({ FIXTURE_MODE: "stubborn" });
  await service.waitForReady();
  await expect(service.stop(100)).rejects.toThrow(/did not end within 100 ms/);
  expect(await service.exit).toEqual({ code: null, signal: "SIGKILL" });
});

it("leaves no process and no directory behind when the test process is killed", async () => {
  const testProcess = spawn(
    nodeFor(fixture("killed-test-process.ts")),
    ["--conditions=source", fixture("killed-test-process.ts")],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const { pids, dir } = JSON.parse(await text(testProcess.stdout)) as { pids: number[]; dir: string };
  expect(pids).toHaveLength(2);
  await until(() => !pids.some(isAlive) && !existsSync(dir), { what: "the reaper has killed and removed everything" });
});
