import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nowUs } from "../clock.ts";
import { openStream, postJson } from "../load/http.ts";
import { noiseMetrics } from "../load/metrics.ts";
import { Meter } from "../measure/meter.ts";
import type { Metrics } from "../load/job.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT_MS = 120_000;
/** Whatever the machine or a `.env` says, the demo model answers: a start is not to cost anything. */
const DEMO = { OPENAI_API_KEY: "", OPENAI_API_KEY_FILE: "", OPENAI_BASE_URL: "", REDIS_URL: "" };

/** `npm start` of an installed checkout in an empty data directory, up to the demo model's first token. */
export async function measureColdStart(): Promise<Metrics> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-cold-"));
  // All that was started counts as ours once it has ended.
  const meter = new Meter({ bench: process.pid }, []);
  const beganUs = nowUs();
  const child = spawn("npm", ["start"], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...DEMO, HOLDFAST_DATA_DIR: folder, GATEWAY_PORT: "0", ADMIN_PORT: "0" },
  });
  const exited = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGTERM"), LIMIT_MS);
  try {
    const url = await urlIn(createInterface({ input: child.stdout }));
    const readyUs = nowUs();
    const firstUs = await firstToken(url);
    child.kill("SIGTERM");
    await exited;
    const usage = meter.stop();
    return {
      ready_ms: (readyUs - beganUs) / 1_000,
      cold_start_ms: (firstUs - beganUs) / 1_000,
      ...noiseMetrics(usage),
    };
  } finally {
    clearTimeout(timer);
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

async function urlIn(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const url = /ready: .*?(https?:\/\/[\w.:[\]]+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("npm start ended before it was ready");
}

async function firstToken(url: string): Promise<number> {
  const id = randomUUID();
  const reply = await postJson(`${url}/v1/conversations/${id}/messages`, { agent: "assistant", content: "Hello!" });
  if (reply.status !== 202) throw new Error(`the first message was answered ${reply.status}: ${reply.body}`);
  return new Promise((resolve, reject) => {
    const stream = openStream(
      { url: `${url}/v1/conversations/${id}/stream` },
      {
        onFrame(frame, atUs) {
          if (!frame.includes('"event":"token"')) return;
          stream.close();
          resolve(atUs);
        },
        onEnd: (status) => reject(new Error(`the stream ended with ${status} before the first token`)),
      },
    );
  });
}
