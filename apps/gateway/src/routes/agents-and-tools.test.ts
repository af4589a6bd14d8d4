import { createRedisBus } from "@holdfast/bus";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { describe, expect, it } from "@jest/globals";
import request from "supertest";
import { gatewayLab } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();

describe("agents and tools", () => {
  it("[http.agents] lists agents with their state, queue and workers", async () => {
    const { url } = await lab.open({ app: { agents: new Set(["lister"]), isDemo: true } });
    const leave = await lab.bus.presence.join("worker", ["lister"]);
    await request(url)
      .post(`/v1/conversations/${newUuid()}/messages`)
      .send({ agent: "lister", content: "hi" })
      .expect(202);
    const { body } = await request(url).get("/v1/agents");
    await leave();
    expect(body).toEqual({
      data: [{ name: "lister", state: "running", queue_length: 1, lag: 1, workers: 1 }],
      demo: true,
    });
  });

  it("[http.tools] lists what is offered and what is configured but not offered", async () => {
    const toolsets = ["terminal", "files", "off"].map((name) => ({ name, isEnabled: name !== "off" }));
    const { url } = await lab.open({ app: { toolsets } });
    const tool = { name: "terminal", description: "Runs a command", input_schema: { type: "object" } };
    const more = { own_name: "run", timeout_ms: 1, definition_sha256: "0" };
    await lab.bus.catalog.publish([{ toolset: "terminal", state: "ready", tools: [{ ...tool, ...more }] }], 60_000);
    const { body } = await request(url).get("/v1/tools");
    expect(body.data).toEqual([
      { toolset: "terminal", state: "ready", tools: [tool] },
      { toolset: "files", state: "unavailable", error: expect.any(String), tools: [] },
      { toolset: "off", state: "disabled", tools: [] },
    ]);
  });

  it("[http.tools-servers] tells how each living tool-runner's server fares, and no longer one of a runner that is gone", async () => {
    const { url } = await lab.open({ app: { toolsets: [{ name: "files", isEnabled: true }] } });
    const report = { state: "ready", pid: 7, transport: "newline", restarts: 2, latency_ms: 3, tools: 0 };
    const last_error = { message: "it exited with code 1: Error: no such folder", at: new Date().toISOString() };
    const runners = [createRedisBus({ url: lab.redis.url }), createRedisBus({ url: lab.redis.url })];
    const leaves = await Promise.all(runners.map((runner) => runner.presence.join("tool-runner", ["files"])));
    for (const runner of runners) {
      await runner.catalog.publish([{ toolset: "files", state: "ready", tools: [] }], 60_000);
      await runner.catalog.report([{ toolset: "files", ...report, last_error }]);
    }
    const servers = async () => (await request(url).get("/v1/tools")).body.data[0].servers;
    const infoOf = ({ instance }: { instance: string }) => ({ runner: instance, ...report, last_error });
    expect(await servers()).toEqual(runners.map(infoOf).toSorted((a, b) => (a.runner < b.runner ? -1 : 1)));
    await leaves[0]?.();
    expect(await servers()).toEqual(runners.slice(1).map(infoOf));
    await leaves[1]?.();
    await Promise.all(runners.map((runner) => runner.close()));
  });

  it("[http.tools-restart] tells every tool-runner to start an MCP server anew, and refuses what is none", async () => {
    const toolsets = ["terminal", "files", "off"].map((name) => ({ name, isEnabled: name !== "off" }));
    const { url } = await lab.open({ app: { toolsets, agents: new Set(["lister"]) } });
    const heard: unknown[] = [];
    const listener = await lab.bus.control.listen(["lister"], (_agent, command) => heard.push(command));
    const { status, body } = await request(url).post("/v1/tools/files/restart");
    expect([status, body]).toEqual([202, { toolset: "files" }]);
    await until(() => heard.length === 1);
    expect(heard).toEqual([{ type: "restart", toolset: "files", by: "user:operator" }]);
    expect(await lab.bus.control.state("lister")).toBe("running");
    for (const name of ["terminal", "off", "nothing"]) {
      const refused = await request(url).post(`/v1/tools/${name}/restart`);
      expect([refused.status, refused.body.code]).toEqual([404, "toolset_not_found"]);
    }
    await listener.stop();
  });
});
