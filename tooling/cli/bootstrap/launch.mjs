/**
 * The bridge from whatever Node a person has to the project's own.
 *
 * The real program runs as a child in a session of its own, so that the terminal's Ctrl-C reaches only this process, which
 * passes each request to stop on exactly once. A terminal and `npm` both deliver the same Ctrl-C: what follows within
 * REPEAT_MS is the same wish, not a second one. When this process is killed, the child sees its channel close and stops; when
 * the `npm` above it is killed, this process notices that its parent is another one.
 *
 * The scripts in package.json begin with `exec`: a shell in between would keep npm's signals to itself.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureInstalled, nodeBinary } from "./install.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const CLI = fileURLToPath(new URL("..", import.meta.url));
const REPEAT_MS = 400;
const PARENT_CHECK_MS = 500;
const SIGNAL_EXIT = 128;

/** Runs `entry` of tooling/cli on the project's Node with this process's arguments; ends with its exit code. */
export async function launch(/** @type {string} */ entry) {
  if (process.platform === "win32") {
    console.error(
      "Holdfast runs on Linux and macOS. On Windows, run it inside WSL: https://learn.microsoft.com/windows/wsl",
    );
    process.exit(1);
  }
  ensureInstalled(ROOT);
  const child = spawn(
    nodeBinary(ROOT),
    ["--conditions=source", "--disable-warning=ExperimentalWarning", `${CLI}${entry}`, ...process.argv.slice(2)],
    { cwd: ROOT, stdio: ["ignore", "inherit", "inherit", "ipc"], detached: true },
  );
  let lastAt = 0;
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      if (Date.now() - lastAt < REPEAT_MS) return;
      lastAt = Date.now();
      child.kill(signal);
    });
  }
  const parent = process.ppid;
  if (process.env["npm_lifecycle_event"] !== undefined) {
    const check = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(check);
      child.kill("SIGTERM");
    }, PARENT_CHECK_MS);
  }
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => resolve(status ?? (signal ? SIGNAL_EXIT : 1)));
  });
  process.exit(code);
}
