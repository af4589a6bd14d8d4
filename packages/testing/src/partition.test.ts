import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { type Partition, startPartition } from "./partition.ts";
import { until } from "./until.ts";

let echo: Server;
let partition: Partition;
beforeEach(async () => {
  echo = createServer((socket) => void socket.on("error", () => undefined).pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  partition = await startPartition((echo.address() as AddressInfo).port);
});
afterEach(async () => {
  await partition.stop();
  echo.close();
});

interface Caller {
  readonly socket: Socket;
  heard(): string;
}

function call(word: string): Caller {
  let heard = "";
  const socket = connect(partition.port, "127.0.0.1", () => socket.write(word));
  socket.on("error", () => undefined).on("data", (data) => (heard += String(data)));
  return { socket, heard: () => heard };
}

it("is silent for ever to who was connected, and lets new connections through once it is healed", async () => {
  const before = call("one");
  await until(() => before.heard() === "one");
  partition.cut();
  before.socket.write("two");
  const during = call("three");
  await once(during.socket, "connect");
  partition.heal();
  const after = call("four");
  await until(() => after.heard() === "four");
  expect([before.heard(), during.heard()]).toEqual(["one", ""]);
  expect([before.socket.closed, during.socket.closed]).toEqual([false, false]);
});
