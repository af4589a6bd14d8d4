/**
 * As much of Redis' protocol as starting and stopping one takes: an inline command, and the text that comes back.
 * The services speak to Redis through packages/bus; this is the shell around them.
 */
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const ANSWER_MS = 1000;

/** Sends one line to 127.0.0.1:`port`; answers the text once it matches `until`, or undefined when it never does. */
export function ask(port: number, line: string, until: RegExp): Promise<RegExpExecArray | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let text = "";
    const settle = (match?: RegExpExecArray) => {
      socket.destroy();
      resolve(match);
    };
    socket.setTimeout(ANSWER_MS, () => settle());
    socket.once("error", () => settle());
    socket.once("close", () => settle());
    socket.once("connect", () => socket.write(`${line}\r\n`));
    socket.on("data", (data) => {
      text += data.toString("utf8");
      const match = until.exec(text);
      if (match) settle(match);
    });
  });
}

/** The data directory of the Redis at `port`: says whether it is the one we mean. Undefined when none answers. */
export async function dataDirectory(port: number): Promise<string | undefined> {
  const match = await ask(port, "CONFIG GET dir", /\$3\r\ndir\r\n\$\d+\r\n([^\r]*)\r\n/);
  return match?.[1];
}

/** Waits until the Redis at `port` serves (its file is loaded) or `isOver()` says that there is no hope. */
export async function untilServing(port: number, isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    if (await ask(port, "PING", /^\+PONG\r\n/)) return true;
    await delay(20);
  }
  return false;
}

/** Asks Redis to write what it has and leave. Where AOF is on nothing else needs saving. */
export async function requestShutdown(port: number): Promise<void> {
  await ask(port, "SHUTDOWN", /^-/);
}
