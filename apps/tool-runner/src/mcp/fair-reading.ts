import type { Readable } from "node:stream";

/*
 * One thread serves all servers. Node reads up to 32 pieces of 64 KiB from a pipe before it looks at anything else, and a
 * server that never stops talking could have all of the processor. So each piece is followed by a look at everything else,
 * and a server whose piece took long to work off is read again only after as long a pause: nobody gets more than half.
 * The memory of a piece is given back at once, because the collector lets tens of megabytes of them gather first.
 */
const LONG_MS = 5;
/** Below it a piece may lie in the pool that it shares with others. */
const SMALLEST_OWN_BYTES = 16 * 1024;

/** Hands over what a stream says, one piece in a turn of the event loop. `take` must not keep the piece. */
export function readFairly(stream: Readable, take: (chunk: Buffer) => void): void {
  stream.on("data", (chunk: Buffer) => {
    const before = process.threadCpuUsage();
    stream.pause();
    take(chunk);
    giveBack(chunk);
    // What the piece set off runs before this.
    setImmediate(() => {
      const { user, system } = process.threadCpuUsage(before);
      const tookMs = (user + system) / 1000;
      if (tookMs < LONG_MS) stream.resume();
      else setTimeout(() => stream.resume(), tookMs);
    });
  });
}

function giveBack({ buffer, byteLength }: Buffer): void {
  const isItsOwn = byteLength >= SMALLEST_OWN_BYTES && buffer.byteLength === byteLength;
  if (isItsOwn && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
