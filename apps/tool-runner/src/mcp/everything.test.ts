import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { defaultsOf, McpServerConfig } from "@holdfast/protocol";
import { freePort, until } from "@holdfast/testing";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Ask } from "./asked-form.ts";
import { testHost, type TestHost } from "./fixture/fixture-host.ts";

/** The reference server of the protocol's authors, over each of its transports. */
const manifest = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/package.json");
const ENTRY = join(dirname(manifest), "dist", "index.js");

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

const envFile = join(tmpdir(), `everything-${process.pid}.env`);
let test: TestHost;
const config = (server: object) => McpServerConfig.parse(server);

async function startRemote(transport: "streamableHttp" | "sse", port: number): Promise<ChildProcess> {
  const remote = spawn(process.execPath, [ENTRY, transport], {
    env: { PATH: process.env["PATH"], PORT: String(port) },
    stdio: "ignore",
  });
  const isListening = () => fetch(`http://127.0.0.1:${port}/`).then(() => true);
  await until(isListening, { timeoutMs: 60_000, intervalMs: 100 }).catch(async (error: unknown) => {
    await stopRemote(remote);
    throw error;
  });
  return remote;
}

async function stopRemote(remote: ChildProcess): Promise<void> {
  remote.kill("SIGKILL");
  if (remote.exitCode === null && remote.signalCode === null) await once(remote, "exit");
}

/** It offers the tool only to who can be asked, and late. */
async function askedBy({ host, call }: TestHost, toolset: string): Promise<string> {
  const name = "trigger-elicitation-request";
  const isOffered = () => host.toolsets().some(({ tools }) => tools.some((tool) => tool.name === name));
  await until(isOffered, { timeoutMs: 60_000 });
  const ask: Ask = async ({ requestedSchema }) => {
    expect(Object.keys(requestedSchema.properties)).toHaveLength(13);
    return { action: "accept", content: { ...defaultsOf(requestedSchema), name: "Ann" } };
  };
  const { content } = await call(toolset, name, {}, { ask });
  return content.map(({ text }) => text).join("\n");
}

describe("server-everything over stdio", () => {
  beforeAll(async () => {
    writeFileSync(envFile, "GREETING=overruled\nFROM_FILE='two words'\n");
    test = testHost(() => ({
      everything: config({ command: process.execPath, args: [ENTRY], env: { GREETING: "hello" }, envFile }),
      lost: config({ command: process.execPath, args: [ENTRY], envFile: "./nowhere.env" }),
    }));
    await test.host.start();
  });
  afterAll(async () => {
    await test.stop();
    rmSync(envFile);
  });

  it("[mcp.everything] is listed under names the model can use, with schemas and descriptions", () => {
    const [toolset] = test.host.toolsets();
    expect(toolset).toMatchObject({ toolset: "everything", state: "ready" });
    expect(toolset?.tools.find(({ name }) => name === "get-sum")).toMatchObject({
      model_name: "everything__get-sum",
      input_schema: { type: "object", properties: { a: { type: "number" } } },
    });
  });

  it("[mcp.everything] answers text, structured content, images and resources", async () => {
    expect(await test.call("everything", "echo", { message: "hi" })).toMatchObject({
      status: "completed",
      content: [{ type: "text", text: "Echo: hi" }],
    });
    expect(await test.call("everything", "get-structured-content", { location: "New York" })).toMatchObject({
      status: "completed",
      structured: { temperature: 33, conditions: "Cloudy" },
    });
    const image = await test.call("everything", "get-tiny-image");
    expect(image.content.map(({ type }) => type)).toEqual(["text", "image", "text"]);
    const links = await test.call("everything", "get-resource-links", { count: 2 });
    expect(links.content.filter(({ type }) => type === "resource_link")).toHaveLength(2);
  });

  it("reports progress of a long call and stops it on cancel", async () => {
    const progress: number[] = [];
    const long = { duration: 1, steps: 4 };
    const onProgress = (event: { progress: number }) => progress.push(event.progress);
    expect((await test.call("everything", "trigger-long-running-operation", long, { onProgress })).status).toBe(
      "completed",
    );
    expect(progress).toEqual([1, 2, 3, 4]);
    const signal = AbortSignal.timeout(200);
    const cut = await test.call("everything", "trigger-long-running-operation", { duration: 20, steps: 2 }, { signal });
    expect(cut.status).toBe("cancelled");
    expect(cut.duration_ms).toBeLessThan(2000);
  });

  it("[elicitation.official] asks a human while it runs a call", async () => {
    // The call that was cancelled above is never answered, and might be what its server asks for.
    await test.host.restart("everything");
    expect(await askedBy(test, "everything")).toMatch(/- Name: Ann[^]*- Favorite Integer: 42/);
  });

  it("[mcp.environment] has the environment it was configured with, and its envFile's", async () => {
    const { content } = await test.call("everything", "get-env");
    expect(JSON.parse(content[0]?.text ?? "")).toMatchObject({ GREETING: "hello", FROM_FILE: "two words" });
    expect(test.host.toolsets()[1]?.error).toContain("its envFile cannot be read");
  });
});

describe("server-everything over the network", () => {
  it("[mcp.http] is called over Streamable HTTP, and again after it was restarted", async () => {
    const port = await freePort();
    let remote = await startRemote("streamableHttp", port);
    test = testHost(() => ({ remote: config({ url: `http://127.0.0.1:${port}/mcp` }) }));
    try {
      await test.host.start();
      expect(test.state("remote")).toBe("ready");
      expect(await test.call("remote", "get-sum", { a: 2, b: 3 })).toMatchObject({ status: "completed" });
      await stopRemote(remote);
      remote = await startRemote("streamableHttp", port);
      // The session is unknown to the new process; the call was refused, so it is made again in a new session.
      expect(await test.call("remote", "get-sum", { a: 2, b: 3 })).toMatchObject({ status: "completed" });
      await stopRemote(remote);
      expect(await test.call("remote", "get-sum", { a: 2, b: 3 })).toMatchObject({
        status: "failed",
        error: { code: "server_unavailable" },
      });
    } finally {
      await test.stop();
      await stopRemote(remote);
    }
  });

  it("[elicitation.official] asks a human while it runs a call", async () => {
    const port = await freePort();
    const remote = await startRemote("streamableHttp", port);
    test = testHost(() => ({ remote: config({ url: `http://127.0.0.1:${port}/mcp` }) }));
    try {
      await test.host.start();
      expect(await askedBy(test, "remote")).toMatch(/- Name: Ann[^]*- Favorite Integer: 42/);
    } finally {
      await test.stop();
      await stopRemote(remote);
    }
  });

  it("falls back to HTTP+SSE where a server has no Streamable HTTP", async () => {
    const port = await freePort();
    const remote = await startRemote("sse", port);
    test = testHost(() => ({
      found: config({ url: `http://127.0.0.1:${port}/sse` }),
      told: config({ type: "sse", url: `http://127.0.0.1:${port}/sse` }),
    }));
    try {
      await test.host.start();
      for (const toolset of ["found", "told"]) {
        expect(await test.call(toolset, "echo", { message: "hi" })).toMatchObject({ content: [{ text: "Echo: hi" }] });
      }
    } finally {
      await test.stop();
      await stopRemote(remote);
    }
  });

  it("is backing off, with the reason, where nobody listens", async () => {
    const port = await freePort();
    test = testHost(() => ({ remote: config({ url: `http://127.0.0.1:${port}/mcp` }) }));
    await test.host.start();
    const [remote] = test.host.toolsets();
    expect(remote?.state).toBe("backoff");
    expect(remote?.error).toContain("cannot be reached");
    await test.stop();
  });
});
