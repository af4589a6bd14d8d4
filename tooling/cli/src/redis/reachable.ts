/**
 * Whether somebody listens where REDIS_URL points: a mistyped address deserves a sentence, not services that wait for ever.
 * Of a list (Cluster) or a set of sentinels one that answers is enough.
 */
import { connect } from "node:net";

const ANSWER_MS = 3000;
const PORTS = { redis: 6379, rediss: 6379, "redis+sentinel": 26_379, "rediss+sentinel": 26_379 } as const;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The addresses in a REDIS_URL (protocol §6.2); none when it is not one. */
export function addressesOf(redisUrl: string): Address[] {
  const scheme = /^([a-z+]+):\/\//.exec(redisUrl)?.[1] ?? "";
  if (!Object.hasOwn(PORTS, scheme)) return [];
  const port = PORTS[scheme as keyof typeof PORTS];
  return redisUrl.split(",").flatMap((part) => addressIn(part, port));
}

function addressIn(text: string, defaultPort: number): Address[] {
  // The scheme stands before every address of a cluster and only before the first sentinel.
  const match = /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  return host === undefined ? [] : [{ host, port: Number(match?.[3] ?? defaultPort) }];
}

function answers({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(ANSWER_MS, () => settle(false));
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

/** A sentence that says what is wrong with the address, undefined when somebody listens there. Never repeats a password. */
export async function problemWith(redisUrl: string): Promise<string | undefined> {
  const addresses = addressesOf(redisUrl);
  if (addresses.length === 0) return "REDIS_URL must begin with redis://, rediss:// or redis+sentinel://";
  const found = await Promise.all(addresses.map(answers));
  if (found.includes(true)) return undefined;
  const tried = addresses.map(({ host, port }) => `${host}:${port}`).join(", ");
  return `REDIS_URL points at ${tried}, where nobody answers. Leave it out to run a private Redis.`;
}
