import type { Server } from "node:net";
import type { AddressInfo } from "node:net";

/** A server could not take its address. The message says which, why, and which setting to change. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is already in use",
  EACCES: "this user may not use that port",
  EADDRNOTAVAIL: "this machine does not have that address",
};

/**
 * Binds a server and gives the port it got (`port` 0: any free one). `setting` is the name of the variable that holds the
 * port, for the message. Throws ListenError.
 */
export function listen(
  server: Server,
  { host, port, setting }: { host: string; port: number; setting: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      const code = error.code ?? "ELISTEN";
      const message = `cannot listen on ${host}:${port}: ${REASONS[code] ?? error.message} (change ${setting})`;
      reject(new ListenError(message, code, { cause: error }));
    };
    server.once("error", refuse);
    server.listen({ host, port }, () => {
      server.off("error", refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
