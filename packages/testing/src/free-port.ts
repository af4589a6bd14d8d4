import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/**
 * A TCP port on 127.0.0.1 that nobody listened on a moment ago. Another process may take it before you do:
 * a server that can bind port 0 itself should do that instead.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
