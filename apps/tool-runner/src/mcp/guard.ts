import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { MARK_VARIABLE, ownPrefix } from "./server-mark.ts";

/*
 * A runner that is killed cannot end its servers, and nobody may ever start it again. So a small shell waits on a pipe from
 * the runner, which closes when the runner ends in whatever way. Servers have seen the end of their stdin then; the guard
 * gives them a moment, and ends what is left of them, known by their mark: SIGTERM, another moment, SIGKILL. It is started
 * with the first server, in a session of its own, and is gone at once where nothing was left. Where it cannot run, the sweep
 * at the next start does its work.
 */
const SCRIPT = `
trap '' INT TERM HUP
marked() { grep -lsz "^$1" /proc/[0-9]*/environ | cut -d/ -f3; }
read -r _
for signal in 0 TERM KILL KILL KILL KILL KILL; do
  pids=$(marked "$1")
  [ -n "$pids" ] || exit 0
  for pid in $pids; do kill -s "$signal" "$pid" 2>/dev/null; done
  sleep 1
done
`;

let isGuarded = false;

/** Has the servers of this process ended when it dies. */
export function guardServers(): void {
  if (isGuarded) return;
  isGuarded = true;
  const mark = `${MARK_VARIABLE}=${ownPrefix()}`;
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "mcp-guard", mark], {
    detached: true,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => undefined);
  // It must not be what keeps this process running.
  guard.unref();
  const pipe = guard.stdin as Writable & { unref?: () => void };
  pipe.on("error", () => undefined);
  pipe.unref?.();
}
