import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, expect, it } from "@jest/globals";
import { anyFreePort } from "../ports.ts";
import { readSettings } from "../settings.ts";
import { ServicePorts } from "./service-ports.ts";

const open: Server[] = [];
async function occupy(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
}
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

it("every service has ports of its own", async () => {
  const { gateway, demoModel, admin } = await ServicePorts.choose(readSettings({}, []));
  expect(new Set([gateway, demoModel, ...Object.values(admin)]).size).toBe(5);
});

it("a port that was taken since it was chosen is replaced", async () => {
  const ports = await ServicePorts.choose(readSettings({}, []));
  const [gateway, admin] = [ports.gateway, ports.admin.gateway];
  await occupy(gateway);
  await occupy(admin);
  await ports.lookAgain("gateway");
  expect(ports.gateway).not.toBe(gateway);
  expect(ports.admin.gateway).not.toBe(admin);
});

it("a port that is still free is kept", async () => {
  const ports = await ServicePorts.choose(readSettings({ GATEWAY_PORT: String(await anyFreePort()) }, []));
  const before = { ...ports.admin };
  await ports.lookAgain("worker");
  expect(ports.admin).toEqual(before);
});

it("a chosen gateway port that is taken is refused by name", async () => {
  const port = await anyFreePort();
  await occupy(port);
  await expect(ServicePorts.choose(readSettings({ GATEWAY_PORT: String(port) }, []))).rejects.toThrow("GATEWAY_PORT");
});

it("admin ports stay off when they are switched off", async () => {
  const { admin } = await ServicePorts.choose(readSettings({ ADMIN_PORT: "0" }, []));
  expect(admin).toEqual({ worker: 0, "tool-runner": 0, gateway: 0 });
});
