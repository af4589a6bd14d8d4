/** The way a person starts Holdfast: `npm start` in the checkout, with a data directory and a port of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { freePort, until } from "@holdfast/testing";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY = /Holdfast is ready: (http:\S+)/;
const WITHIN_MS = 60_000;
const GONE_WITHIN_MS = 20_000;

let dataDirectory = "";
let starts: Start[] = [];

interface Start {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ready: () => Promise<string>;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
}

function start(env: Record<string, string> = {}): Start {
  const {
    OPENAI_API_KEY: _key,
    OPENAI_BASE_URL: _url,
    REDIS_URL: _redis,
    NODE_OPTIONS: _options,
    ...clean
  } = process.env;
  const child = spawn("npm", ["start"], {
    cwd: ROOT,
    detached: true,
    env: { ...clean, HOLDFAST_DATA_DIR: dataDirectory, HOLDFAST_DEMO_PACE_MS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += String(data)));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = async () => {
    await until(() => READY.test(text) || child.exitCode !== null, { timeoutMs: WITHIN_MS });
    const url = READY.exec(text)?.[1];
    if (url === undefined) throw new Error(`npm start ended with ${child.exitCode}:\n${text}`);
    return url;
  };
  const started = { child, output: () => text, ready, exited };
  starts.push(started);
  return started;
}

/** What runs of this test's stack: every process of it has our data directory in its environment. */
function survivors(): { pid: number; command: string }[] {
  const found = execFileSync(
    "sh",
    ["-c", `grep -lzs '^HOLDFAST_DATA_DIR=${dataDirectory}' /proc/[0-9]*/environ || :`],
    {
      encoding: "utf8",
    },
  );
  return found
    .split("\n")
    .filter(Boolean)
    .map((path) => ({ pid: Number(path.split("/")[2]), command: commandLine(path.replace("environ", "cmdline")) }))
    .filter(({ command }) => command !== "");
}

function commandLine(path: string): string {
  try {
    return readFileSync(path, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ""; // It ended in the meantime.
  }
}

async function ask(url: string, conversation: string): Promise<string> {
  const response = await fetch(`${url}/v1/conversations/${conversation}/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ agent: "assistant", content: "Hello, what are you?" }),
  });
  expect(response.status).toBe(202);
  const { run_id: runId } = (await response.json()) as { run_id: string };
  const stream = await fetch(`${url}/v1/conversations/${conversation}/stream?run_id=${runId}`);
  const output = /"event":"output".*/.exec(await stream.text())?.[0] ?? "";
  return /"text":"([^"]+)/.exec(output)?.[1] ?? "";
}

beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), "holdfast-start-"));
  starts = [];
});
afterEach(async () => {
  for (const { child } of starts) child.kill("SIGTERM");
  await Promise.all(starts.map(({ exited }) => exited));
  try {
    await until(() => survivors().length === 0, { timeoutMs: GONE_WITHIN_MS });
  } finally {
    for (const { pid } of survivors()) process.kill(pid, "SIGKILL");
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}, WITHIN_MS);

it(
  "[start.ready] [start.answer] [start.stop] serves, answers, and leaves nothing behind on Ctrl-C",
  async () => {
    const stack = start();
    const url = await stack.ready();
    expect(stack.output()).toContain("demo model");
    expect(await (await fetch(url)).text()).toContain('<div id="root">');
    expect(await ask(url, crypto.randomUUID())).not.toBe("");
    // As a terminal does it: the whole foreground group gets the signal.
    process.kill(-(stack.child.pid ?? 0), "SIGINT");
    expect(await stack.exited).toBe(0);
    await until(() => survivors().length === 0, { timeoutMs: GONE_WITHIN_MS });
  },
  2 * WITHIN_MS,
);

it(
  "[start.keeps] [start.killed] a killed start is cleaned up by the next, which has its conversations",
  async () => {
    const conversation = crypto.randomUUID();
    const first = start();
    const answer = await ask(await first.ready(), conversation);
    // None of it may run a handler, and the one process that has the data open stays.
    const isRedis = ({ command }: { command: string }) => command.includes("redis-server");
    for (const { pid } of survivors().filter((one) => !isRedis(one))) process.kill(pid, "SIGKILL");
    await first.exited;
    await until(() => survivors().every(isRedis));
    expect(survivors()).toHaveLength(1);
    const second = start();
    const url = await second.ready();
    expect(second.output()).toContain("stopped the Redis of an earlier start");
    const snapshot = await (await fetch(`${url}/v1/conversations/${conversation}`)).text();
    expect(snapshot).toContain(answer);
  },
  2 * WITHIN_MS,
);

it(
  "nothing is left behind when npm itself is killed",
  async () => {
    const stack = start();
    await stack.ready();
    stack.child.kill("SIGKILL");
    await stack.exited;
    await until(() => survivors().length === 0, { timeoutMs: GONE_WITHIN_MS });
  },
  2 * WITHIN_MS,
);

it(
  "[start.ports] somebody else's port is passed over, and a chosen port that is taken is named",
  async () => {
    const other = createServer().listen(8080, "127.0.0.1");
    other.on("error", () => {}); // Taken already, by whoever else: as good.
    expect(new URL(await start({ GATEWAY_PORT: "" }).ready()).port).not.toBe("8080");
    const chosen = await freePort();
    const holder = createServer().listen(chosen, "127.0.0.1");
    const refused = start({ GATEWAY_PORT: String(chosen), HOLDFAST_DATA_DIR: join(dataDirectory, "second") });
    expect(await refused.exited).not.toBe(0);
    expect(refused.output()).toContain(`port ${chosen} (GATEWAY_PORT) is taken`);
    other.close();
    holder.close();
  },
  2 * WITHIN_MS,
);

it(
  "a second start on the same data says where the first one runs",
  async () => {
    const url = await start().ready();
    const second = start();
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`already runs here: ${url}`);
  },
  2 * WITHIN_MS,
);
