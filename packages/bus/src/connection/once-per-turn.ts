import type { Redis } from "ioredis";

/**
 * The same connection, on which the commands of one turn of the event loop leave in one write. ioredis' own way to that makes
 * another command and two promises for each, and keeps those of later turns until all of this one's are answered.
 */
export function writingOncePerTurn(redis: Redis): Redis {
  const sendCommand = redis.sendCommand.bind(redis);
  let socket: Redis["stream"] | undefined;
  let waiting = "";
  const leave = (): void => {
    // Where the connection broke meanwhile, the client holds all that was not answered, and sends it again over the next.
    if (socket !== undefined && socket === redis.stream && socket.writable) socket.write(waiting);
    socket = undefined;
    waiting = "";
  };
  const turn = {
    write(text: string): void {
      if (socket === undefined) setImmediate(leave);
      if (socket !== redis.stream) waiting = "";
      socket = redis.stream;
      waiting += text;
    },
  };
  redis.sendCommand = (command, stream) => {
    // A pipeline writes by itself: replies are told apart by their order alone.
    if (stream) leave();
    return sendCommand(command, stream ?? (redis.status === "ready" ? (turn as unknown as typeof stream) : stream));
  };
  return redis;
}
