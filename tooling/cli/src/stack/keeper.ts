/**
 * Nothing outlives `npm start`, also when it is killed and can run no handler of its own.
 *
 * A small shell waits on a pipe. Each line it reads says which process groups live now: services, a bar, Redis. When the pipe
 * closes without `stop` before it, the shell ends the services and then Redis, each by SIGTERM, which both obey in order.
 */
import { spawn } from "node:child_process";

const SCRIPT = `
trap '' INT TERM HUP
services=; redis=
while IFS='|' read -r s r; do services=$s; redis=$r; done
end() { for g in $2; do kill -s "$1" -- "-$g" 2>/dev/null; done; }
gone() { for g in $1; do kill -s 0 -- "-$g" 2>/dev/null && return 1; done; return 0; }
end TERM "$services"
n=0; while [ $n -lt 50 ] && ! gone "$services"; do sleep 0.1; n=$((n+1)); done
end KILL "$services"
end TERM "$redis"
`;

export interface Keeper {
  /** Says what lives now. */
  update(services: readonly number[], redis: readonly number[]): void;
  /** The stack was stopped in order: nothing is left to do. */
  release(): void;
}

export function startKeeper(): Keeper {
  const shell = spawn("/bin/sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.unref();
  const { stdin } = shell;
  stdin.on("error", () => {});
  const update = (services: readonly number[], redis: readonly number[]) => {
    stdin.write(`${services.join(" ")}|${redis.join(" ")}\n`);
  };
  return {
    update,
    release: () => {
      update([], []);
      stdin.end();
    },
  };
}
