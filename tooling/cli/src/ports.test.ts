import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, it } from "@jest/globals";
import { anyFreePort, isFree, nextFreePort } from "./ports.ts";

const open: ReturnType<typeof createServer>[] = [];
async function occupy(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
  return (server.address() as AddressInfo).port;
}
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

it("a port somebody listens on is not free", async () => {
  expect(await isFree(await occupy())).toBe(false);
});

it("the usual port is taken when it is free", async () => {
  const port = await anyFreePort();
  expect(await nextFreePort(port)).toBe(port);
});

it("a taken port is passed over for a neighbour", async () => {
  const port = await occupy();
  const next = await nextFreePort(port);
  expect(next).toBeGreaterThan(port);
  expect(await isFree(next)).toBe(true);
});

it("a port promised to another service is not given twice", async () => {
  const port = await anyFreePort();
  expect(await nextFreePort(port, "127.0.0.1", [port])).not.toBe(port);
});
