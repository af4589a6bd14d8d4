/**
 * The composed stack from outside, as COMPOSE_E2E or by hand: discovers where the gateway is published, waits for its health,
 * sends a message, drops the stream in the middle of the answer, resumes with Last-Event-ID and compares the text with `output`; then has
 * the tool-runner's container prove its sandbox.
 *
 *   node tests/e2e/compose.mjs          BASE_URL, COMPOSE_PORTS (JSON: published port → port here) or `docker compose port`
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

const HEALTHY_WITHIN_MS = 60_000;
const ANSWERED_WITHIN_MS = 60_000;
const PROVED_WITHIN_MS = 300_000;
const TERMINAL = new Set(["completed", "incomplete", "failed", "cancelled"]);
const QUESTION = "Tell me in a few sentences what you are.";

function baseUrl() {
  if (process.env.BASE_URL) return process.env.BASE_URL;
  const ports = Object.values(JSON.parse(process.env.COMPOSE_PORTS ?? "{}"));
  if (ports.length > 0) return `http://127.0.0.1:${ports[0]}`;
  const published = execFileSync("docker", ["compose", "port", "gateway", "8080"], { encoding: "utf8" }).trim();
  return `http://${published.replace(/^0\.0\.0\.0/, "127.0.0.1")}`;
}

async function untilHealthy(url) {
  for (const end = Date.now() + HEALTHY_WITHIN_MS; ; await delay(200)) {
    const status = await fetch(`${url}/health`).then(
      (response) => response.status,
      (error) => error.cause?.code ?? error.message,
    );
    if (status === 200) return;
    if (Date.now() > end) throw new Error(`${url}/health: ${status}`);
  }
}

/** The frames of a stream until `isEnough`, each with its id and event. */
async function readFrames(url, lastEventId, isEnough) {
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(ANSWERED_WITHIN_MS)]);
  const headers = lastEventId ? { "last-event-id": lastEventId } : {};
  const response = await fetch(url, { headers, signal });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const frames = [];
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const id = /^id: ?(.*)$/m.exec(block)?.[1];
      const data = /^data: ?(.*)$/m.exec(block)?.[1];
      if (data !== undefined) frames.push({ id, event: JSON.parse(data) });
      if (data !== undefined && isEnough(frames)) {
        abort.abort();
        return frames;
      }
    }
  }
  return frames;
}

/** The text a reader shows who follows the rule of protocol §3.3 (one run, one step). */
function shownText(frames) {
  let text = "";
  for (const { event } of frames) {
    if (event.event === "attempt") text = text.slice(0, event.keep_offset);
    const isText = event.event === "token" && (event.channel ?? "text") === "text";
    if (isText && event.offset === text.length) text += event.text;
  }
  return text;
}

const isOver = (frames) => frames.some(({ event }) => event.event === "run" && TERMINAL.has(event.status));
const outputOf = (frames) => frames.find(({ event }) => event.event === "output")?.event;

/** Sends a message to a new conversation; answers the address of its run's stream. */
async function send(url, content) {
  const conversation = crypto.randomUUID();
  const posted = await fetch(`${url}/v1/conversations/${conversation}/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ agent: "assistant", content }),
  });
  assert.equal(posted.status, 202, await posted.clone().text());
  const { run_id: runId } = await posted.json();
  return `${url}/v1/conversations/${conversation}/stream?run_id=${runId}`;
}

/** A message whose answer is read over a connection that breaks in the middle. Answers the text. */
async function resumesExactly(url) {
  const stream = await send(url, QUESTION);
  const countTokens = (frames) => frames.filter(({ event }) => event.event === "token").length;
  const before = await readFrames(stream, undefined, (frames) => countTokens(frames) >= 3);
  const after = await readFrames(stream, before.at(-1)?.id, isOver);
  const frames = [...before, ...after];
  const output = outputOf(frames);
  assert.equal(frames.at(-1)?.event.status, "completed", JSON.stringify(frames.at(-1)));
  assert.ok(output && output.text.length > 0, "the run ended without an output");
  assert.equal(shownText(frames), output.text);
  const ids = frames.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "an event came twice");
  console.log(
    `compose: ${output.text.length} characters in ${frames.length} frames, resumed after ${before.length}, exact`,
  );
  return output.text;
}

/** The demo model calls the tool it is asked for; `expected` must be in what comes back. */
async function usesTool(url, content, tool, expected) {
  const frames = await readFrames(await send(url, content), undefined, isOver);
  const steps = frames.map(({ event }) => event).filter(({ event }) => event === "tool_step");
  const done = steps.find(({ status }) => status === "completed");
  assert.ok(done, `${tool}: ${JSON.stringify(steps.at(-1) ?? outputOf(frames))}`);
  assert.equal(done.name, tool);
  assert.match(outputOf(frames).text, expected);
  console.log(`compose: ${tool} answered`);
}

const url = baseUrl();
await untilHealthy(url);
const page = await fetch(url);
assert.match(await page.text(), /<div id="root">/);
const answer = await resumesExactly(url);
if (/demo model/i.test(answer)) {
  await usesTool(url, "run pwd", "terminal__run", /workspace/);
  await usesTool(url, "echo holdfast", "everything__echo", /Echo: holdfast/);
}

// The terminal's sandbox, in the container as it is shipped: the attacks that T2 must stop, and a thousand commands.
execFileSync("docker", ["compose", "exec", "-T", "tool-runner", "node", "dist/prove.js", "T2"], {
  stdio: "inherit",
  timeout: PROVED_WITHIN_MS,
});
