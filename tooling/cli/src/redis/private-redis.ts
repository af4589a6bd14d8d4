/**
 * The project's own Redis: a child on a free port of 127.0.0.1, durable (AOF, at most a second of loss when the power goes),
 * never evicting. Its files live in the data directory, so conversations outlive a restart.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { answerOf } from "../commands.ts";
import { anyFreePort } from "../ports.ts";
import type { Recipe } from "../stack/supervised-child.ts";
import type { RedisSource } from "./find-redis.ts";
import { untilServing } from "./redis-dialogue.ts";

const SETTINGS = {
  appendonly: "yes",
  appendfsync: "everysec",
  save: "",
  "maxmemory-policy": "noeviction",
  // The command line keeps our directory, by which a later start recognises this process.
  "set-proc-title": "no",
} as const;

const settingsAsArgs = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);

export interface PrivateRedis {
  readonly recipe: Recipe;
  readonly directory: string;
  /** The port of the running server; it stays the same when the server is started again. */
  port(): number;
}

/** Makes the directory and says how to run a server in it. Nothing runs yet. */
export function privateRedis(
  source: Exclude<RedisSource, { kind: "url" | "none" }>,
  dataDirectory: string,
): PrivateRedis {
  const path = join(dataDirectory, "redis");
  mkdirSync(path, { recursive: true });
  const directory = realpathSync(path);
  let port = 0;
  const commandFor = source.kind === "docker" ? dockerCommand : serverCommand(source.path);
  return {
    directory,
    port: () => port,
    recipe: {
      name: "redis",
      isQuiet: true,
      command: async (wasReady) => {
        if (!wasReady) port = await anyFreePort();
        return commandFor(directory, port);
      },
      probe: (isOver) => untilServing(port, isOver),
    },
  };
}

const serverCommand = (path: string) => (directory: string, port: number) => ({
  file: path,
  args: settingsAsArgs({ ...SETTINGS, port: String(port), bind: "127.0.0.1", dir: directory }),
});

function dockerCommand(directory: string, port: number) {
  const name = containerName(directory);
  answerOf("docker", ["rm", "-f", name]);
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const docker = [
    "run",
    "--rm",
    "--name",
    name,
    "--user",
    user,
    "-p",
    `127.0.0.1:${port}:6379`,
    "-v",
    `${directory}:/data`,
  ];
  return { file: "docker", args: [...docker, "redis:8", "redis-server", ...settingsAsArgs(SETTINGS)] };
}

/** Stops the container an earlier start left on `directory`, so that two never share it. */
export function stopLeftoverContainer(directory: string): void {
  answerOf("docker", ["stop", "-t", "10", containerName(directory)], 20_000);
}

const containerName = (directory: string) => `holdfast-redis-${Buffer.from(directory).toString("hex").slice(-24)}`;
