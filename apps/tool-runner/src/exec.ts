/**
 * Runs one command as the terminal tool would, without Redis: one JSON object on stdin, one on stdout. For tests and for
 * people who want to know what a policy allows.
 *
 * In: `{tier, root, req: {argv | command, cwd?}, policy: {allow, timeout_ms, output_cap_bytes, env_allow, network, limits}, tool_uid?}`.
 * Out: `{outcome, deny_code?, exit_code, signal, stdout_b64, stderr_b64, truncated, text, tier, duration_ms}`.
 * Exit code 0 whatever the command's outcome; 65 with a message on stderr for input that is not such an object.
 */
import { text as readAll } from "node:stream/consumers";
import { BoxInput, boxOutput, runInBox } from "./terminal/box.ts";
import { hostEnvironment } from "./terminal/config.ts";

const EX_DATAERR = 65;

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());

const input = BoxInput.safeParse(parseJson(await readAll(process.stdin)));
if (input.success) {
  const warn = (message: string) => process.stderr.write(`${message}\n`);
  const execution = await runInBox(input.data, { hostEnvironment: hostEnvironment(), signal: stop.signal, warn });
  process.stdout.write(`${JSON.stringify(boxOutput(execution, input.data))}\n`);
} else {
  process.stderr.write(`${input.error.message}\n`);
  process.exitCode = EX_DATAERR;
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
