import { connect } from "node:net";

/**
 * Whether the Redis with process id `pid` serves on 127.0.0.1:`port`. Not so while it loads its append-only file, and not so
 * when the answer comes from another server that had the port already.
 */
export function isServing(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let reply = "";
    const settle = (isReady: boolean) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once("error", () => settle(false));
    socket.once("close", () => settle(false));
    socket.once("connect", () => socket.write("PING\r\nINFO server\r\n"));
    socket.on("data", (data) => {
      reply += data.toString("latin1");
      const process = /process_id:(\d+)\r/.exec(reply);
      if (process) settle(reply.startsWith("+PONG") && Number(process[1]) === pid);
    });
  });
}
