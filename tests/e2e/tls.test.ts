import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { emptyConversation, HoldfastClient, newId, reduce, runsOf } from "@holdfast/client";
import { freePort, startRedis, type TestRedis } from "@holdfast/testing";
import { Redis } from "ioredis";
import { Stack } from "./stack.ts";

/** The whole path on a Redis that speaks TLS with a certificate of its own and wants a password. */

const PASSWORD = "p@ss/word";
const UNTRUSTED = "DEPTH_ZERO_SELF_SIGNED_CERT";

let folder: string;
let redis: TestRedis;
let url: string;
let stack: Stack | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
  makeCertificate();
  const port = await freePort();
  redis = await startRedis({ aof: true, args: tlsArguments(port) });
  const admin = new Redis(redis.url);
  await admin.config("SET", "requirepass", PASSWORD);
  admin.disconnect();
  url = `rediss://:${encodeURIComponent(PASSWORD)}@localhost:${port}`;
}, 30_000);
afterAll(async () => {
  await stack?.stop();
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

const certificate = (): string => join(folder, "certificate.pem");
const key = (): string => join(folder, "key.pem");

function makeCertificate(): void {
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  try {
    execFileSync("openssl", ["req", ...kind, ...subject, "-keyout", key(), "-out", certificate()], { stdio: "pipe" });
  } catch (cause) {
    throw new Error("no certificate could be made: install openssl (Debian: apt-get install openssl)", { cause });
  }
}

function tlsArguments(port: number): string[] {
  const files = ["--tls-cert-file", certificate(), "--tls-key-file", key(), "--tls-ca-cert-file", certificate()];
  return ["--tls-port", `${port}`, "--tls-auth-clients", "no", ...files];
}

it("[redis.tls] answers over TLS, to a Redis whose certificate the services were told to trust", async () => {
  stack = await Stack.start({ env: { REDIS_URL: url, NODE_EXTRA_CA_CERTS: certificate() } });
  const client = new HoldfastClient({ baseUrl: stack.url });
  stack.model.enqueue({ pieces: ["over ", "TLS"] });
  const conversationId = newId();
  const { run_id: runId } = await client.send(conversationId, { agent: "assistant", content: "Hi" });
  let state = emptyConversation;
  await client.follow(conversationId, { runId, onFrame: (frame) => (state = reduce(state, frame)) });
  expect(runsOf(state).at(-1)).toMatchObject({ status: "completed", steps: [{ text: "over TLS" }] });
  const logs = JSON.stringify(stack.services.map(({ logs: lines, output }) => [lines, output]));
  expect(logs).not.toContain(PASSWORD);
  expect(logs).not.toContain(encodeURIComponent(PASSWORD));
  await stack.stop();
}, 90_000);

it("[redis.tls] says why it is not ready where the certificate is nobody's it trusts", async () => {
  const untrusting = await Stack.start({ env: { REDIS_URL: url }, count: { worker: 0, "tool-runner": 0 } });
  const [gateway] = untrusting.services;
  const trouble = await gateway?.waitForLog((line) => JSON.stringify(line).includes(UNTRUSTED), 30_000);
  expect(trouble?.message).toContain("to Redis is in trouble");
  expect((await fetch(`${untrusting.url}/ready`)).status).toBe(503);
  expect((await fetch(`${untrusting.url}/health`)).status).toBe(200);
  await untrusting.stop();
}, 90_000);
