/**
 * `REDIS_URL` (protocol §6.2), read: one server, a comma list of seeds of a Cluster, or Sentinels and the name of what they
 * watch. `rediss` stands for TLS in all three.
 */
export type RedisAddress =
  | { readonly kind: "single"; readonly url: string }
  | { readonly kind: "cluster"; readonly seeds: readonly HostPort[]; readonly access: Access }
  | {
      readonly kind: "sentinel";
      readonly sentinels: readonly HostPort[];
      /** What the Sentinels call the primary and its replicas. */
      readonly name: string;
      readonly database: number;
      readonly access: Access;
    };

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Access {
  readonly username?: string;
  readonly password?: string;
  readonly hasTls: boolean;
}

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/** Throws TypeError for what is none; the message never holds the address, which may hold a password. */
export function parseRedisAddress(text: string): RedisAddress {
  const sentinel = /^(rediss?)\+sentinel:\/\/(?:([^@/]*)@)?([^/]+)\/([^/?]+)(?:\/(\d+))?$/.exec(text);
  if (sentinel) {
    const [, scheme = "", credentials = "", hosts = "", name = "", database = "0"] = sentinel;
    const login = new URL(`redis://${credentials}@host`);
    return {
      kind: "sentinel",
      sentinels: hosts.split(",").map((host) => hostPort(new URL(`redis://${host}`), SENTINEL_PORT)),
      name: decodeURIComponent(name),
      database: Number(database),
      access: access(login, scheme === "rediss"),
    };
  }
  if (!text.includes(",")) return { kind: "single", url: text };
  const urls = text.split(",").map((part) => new URL(part.trim()));
  const first = urls[0];
  if (!first) throw new TypeError("no address of Redis");
  const withLogin = urls.find((url) => url.password !== "") ?? first;
  return {
    kind: "cluster",
    seeds: urls.map((url) => hostPort(url, REDIS_PORT)),
    access: access(withLogin, first.protocol === "rediss:"),
  };
}

function hostPort(url: URL, port: number): HostPort {
  if (url.hostname === "") throw new TypeError("an address of Redis has no host");
  return { host: url.hostname.replaceAll(/^\[|\]$/g, ""), port: url.port === "" ? port : Number(url.port) };
}

function access(url: URL, hasTls: boolean): Access {
  return {
    ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    hasTls,
  };
}
