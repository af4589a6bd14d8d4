import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { startRedis, until } from "@holdfast/testing";
import { createRedisBus } from "../redis-bus.ts";
import { busLab } from "../test-lab/bus-lab.ts";

const lab = busLab();

describe("control", () => {
  it("rings every listener that was there before", async () => {
    const bus = lab.openBus();
    const heard: string[] = [];
    const stop = await bus.control.listen(
      ["assistant", "poet"],
      (agent, command) => void heard.push(`${agent} ${command.type}`),
    );
    await bus.control.send("poet", { type: "pause", by: "operator" });
    await until(() => heard.length === 1);
    expect(heard).toEqual(["poet pause"]);
    await stop();
  });

  it("says within the request timeout that Redis is away", async () => {
    const own = await startRedis();
    const bus = createRedisBus({ url: own.url, requestTimeoutMs: 300 });
    try {
      await bus.check();
      await own.kill("SIGKILL");
      await expect(bus.check()).rejects.toMatchObject({ name: "BusUnavailable" });
      await expect(bus.conversations.find(newUuid())).rejects.toMatchObject({ name: "BusUnavailable" });
    } finally {
      await bus.close();
      await own.stop();
    }
  });
});
