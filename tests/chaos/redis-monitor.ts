import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

export interface CommandWatch {
  /** Resolves with the port of the client that sent the first matching command. */
  readonly seen: Promise<number>;
  end(): void;
}

/** `1795351594.086266 [0 127.0.0.1:40324] "HGET" "key" "field"`; what scripts call themselves comes from `lua`. */
const LINE = /^\+?[\d.]+ \[\d+ [^\]]*:(\d+)\] (.*)$/;

/** Watches every command that clients send to Redis (MONITOR). Resolves when the watch stands. */
export async function watchCommands(
  port: number,
  matches: (words: readonly string[]) => boolean,
): Promise<CommandWatch> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const standing = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<number>();
  createInterface({ input: socket }).on("line", (line) => {
    if (line === "+OK") return standing.resolve();
    const [, source, command] = LINE.exec(line) ?? [];
    if (command !== undefined && matches(wordsOf(command))) seen.resolve(Number(source));
  });
  await once(socket, "connect");
  socket.write("MONITOR\r\n");
  await standing.promise;
  return { seen: seen.promise, end: () => socket.destroy() };
}

function wordsOf(command: string): string[] {
  return [...command.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => (word ?? "").replaceAll(/\\(.)/g, "$1"));
}
