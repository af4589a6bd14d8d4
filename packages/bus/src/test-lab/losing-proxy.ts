import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";

/** Stands between a bus and Redis. */
export interface LosingProxy {
  readonly url: string;
  /** Replies lost so far. */
  readonly lost: number;
  /** Redis does the next command whose text has all of these, and its connection is cut before it says so: the client sends it again. */
  loseReplyTo(...parts: readonly string[]): void;
  close(): void;
}

export async function startLosingProxy(redisUrl: string): Promise<LosingProxy> {
  const { hostname, port } = new URL(redisUrl);
  const sockets = new Set<Socket>();
  let wanted: readonly string[] | undefined;
  let lost = 0;
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    const cut = (): void => {
      client.destroy();
      redis.destroy();
    };
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on("close", cut).on("error", cut);
    }
    let loses = false;
    client.on("data", (chunk) => {
      if (wanted?.every((part) => chunk.includes(part))) {
        wanted = undefined;
        loses = true;
      }
      redis.write(chunk);
    });
    redis.on("data", (chunk) => {
      if (!loses) return void client.write(chunk);
      lost += 1;
      cut();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get lost() {
      return lost;
    },
    loseReplyTo: (...parts) => void (wanted = parts),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
