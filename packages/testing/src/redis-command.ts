import { connect } from "node:net";

/** One command to a test's Redis, to reach behind the bus: what went wrong, or what somebody else wrote. */
export function redisCommand(port: number, ...words: readonly (string | number)[]): Promise<string> {
  const encoded = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join("");
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let reply = "";
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server went away")));
    socket.on("data", (data) => {
      reply += data.toString("utf8");
      // The answer to the PING behind it says that the reply is complete; a server that loads its data refuses the PING.
      const end = /(?:\+PONG|-LOADING [^\r\n]*)\r\n$/.exec(reply);
      if (!end) return;
      socket.destroy();
      const answer = reply.slice(0, end.index);
      if (answer.startsWith("-")) reject(new Error(answer.slice(1)));
      else resolve(answer);
    });
    socket.write(`*${words.length}\r\n${encoded}*1\r\n$4\r\nPING\r\n`);
  });
}
