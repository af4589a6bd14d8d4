/**
 * A network that can break in the way that hurts most: no RST, no FIN, only silence. It stands between services and a server
 * and passes bytes on. While it is cut nothing passes in either direction; connections that were open when it was cut stay
 * silent for ever, as after a router lost its state, and new ones get through once it is healed.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Partition {
  readonly port: number;
  /** From now on nothing passes, and nobody is told. */
  cut(): void;
  /** New connections pass again. */
  heal(): void;
  stop(): Promise<void>;
}

export async function startPartition(targetPort: number): Promise<Partition> {
  const sockets = new Set<Socket>();
  let pairs: { near: Socket; far: Socket }[] = [];
  let isCut = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer({ noDelay: true }, (near) => {
    keep(near);
    // Accepted by the kernel, as a half-dead router does, and never heard of again.
    if (isCut) return void near.pause();
    const far = keep(connect({ port: targetPort, host: "127.0.0.1", noDelay: true }));
    near.pipe(far);
    far.pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    pairs.push({ near, far });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const { near, far } of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
      pairs = [];
    },
    heal() {
      isCut = false;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
