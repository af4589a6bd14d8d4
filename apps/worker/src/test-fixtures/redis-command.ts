import { connect } from "node:net";

export type RedisReply = string | number | null | RedisReply[];

/** One command to a Redis on this machine, as redis-cli would send it: what no port of the bus shows. */
export function redisCommand(port: number, ...words: string[]): Promise<RedisReply> {
  const { promise, resolve, reject } = Promise.withResolvers<RedisReply>();
  const socket = connect({ port, host: "127.0.0.1" }, () => {
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
  });
  let received = Buffer.alloc(0);
  socket.on("error", reject);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    const parsed = parseReply(received, 0);
    if (parsed === undefined) return;
    socket.destroy();
    if (parsed.error === undefined) resolve(parsed.value);
    else reject(new Error(parsed.error));
  });
  return promise;
}

interface Parsed {
  readonly value: RedisReply;
  readonly end: number;
  readonly error?: string;
}

/** Undefined: not all of it has arrived. */
function parseReply(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd === -1) return undefined;
  const line = bytes.toString("utf8", start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case ":":
      return { value: Number(line), end };
    case "-":
      return { value: null, end, error: line };
    case "$":
      return parseBulk(bytes, end, Number(line));
    case "*":
      return parseList(bytes, end, Number(line));
    default:
      return { value: line, end };
  }
}

function parseBulk(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length === -1) return { value: null, end: start };
  if (bytes.length < start + length + 2) return undefined;
  return { value: bytes.toString("utf8", start, start + length), end: start + length + 2 };
}

function parseList(bytes: Buffer, start: number, length: number): Parsed | undefined {
  const value: RedisReply[] = [];
  let end = start;
  for (let at = 0; at < length; at += 1) {
    const item = parseReply(bytes, end);
    if (item === undefined) return undefined;
    value.push(item.value);
    end = item.end;
  }
  return { value, end };
}
