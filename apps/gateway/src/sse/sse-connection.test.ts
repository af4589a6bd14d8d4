import { expect, it } from "@jest/globals";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Frames, frameText } from "./frames.ts";
import { SseConnection } from "./sse-connection.ts";

/** How often bytes are handed to the kernel. */
function countWrites(socket: Socket): () => number {
  let writes = 0;
  const { _write, _writev } = socket;
  const counted: Pick<Socket, "_write" | "_writev"> = {
    _write: (...args) => ((writes += 1), _write.apply(socket, args)),
    _writev: (...args) => ((writes += 1), _writev?.apply(socket, args)),
  };
  Object.assign(socket, counted);
  return () => writes;
}

it("writes headers, retry and what is said in the same turn at once", async () => {
  let writes: () => number = () => -1;
  const server = createServer((_request, response) => {
    writes = countWrites(response.socket as Socket);
    const connection = SseConnection.open({ response, bufferBytes: 1_000, onClose: () => undefined });
    connection?.greet();
    connection?.write(new Frames(frameText("1-1", "{}")));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const reader = connect((server.address() as AddressInfo).port, "127.0.0.1");
  reader.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const [bytes] = (await once(reader, "data")) as [Buffer];
  expect(bytes.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n[0-9a-f]+\r\nretry: \d+\n\n\r\n12\r\nid: 1-1\n/);
  expect(writes()).toBe(1);
  reader.destroy();
  server.close();
});
