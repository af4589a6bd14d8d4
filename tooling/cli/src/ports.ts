/**
 * Ports nobody else has. A port is found by binding it, which is the only test that counts; it is released before the service
 * binds it, so somebody may be faster: whoever starts the service tries again with another one.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";

const LAST_PORT = 65_535;
const NEIGHBOURS = 20; // A port near the usual one is easier to remember than a random one.

/** Binds `port` (0: any) of `host`, or answers undefined when it is taken or not allowed. */
async function bind(port: number, host: string): Promise<Server | undefined> {
  const server = createServer();
  server.listen({ port, host, exclusive: true });
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}

async function release(server: Server): Promise<number> {
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export async function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  const server = await bind(port, host);
  if (server === undefined) return false;
  await release(server);
  return true;
}

/** The first of `preferred`, `preferred + 1`, … that is free and not in `taken`; any free port when the neighbours are taken too. */
export async function nextFreePort(
  preferred: number,
  host = "127.0.0.1",
  taken: readonly number[] = [],
): Promise<number> {
  for (let port = preferred; port < Math.min(preferred + NEIGHBOURS, LAST_PORT); port += 1) {
    if (!taken.includes(port) && (await isFree(port, host))) return port;
  }
  return anyFreePort(host, taken);
}

export async function anyFreePort(host = "127.0.0.1", taken: readonly number[] = []): Promise<number> {
  for (;;) {
    const server = await bind(0, host);
    if (server === undefined) throw new Error(`no port of ${host} can be bound`);
    const port = await release(server);
    if (!taken.includes(port)) return port;
  }
}
