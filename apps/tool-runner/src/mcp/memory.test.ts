import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, jest } from "@jest/globals";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

const RUNNER = fileURLToPath(new URL("./fixture/small-runner.ts", import.meta.url));
const MOST_BYTES = 64 * 1024 * 1024;

it.each([
  ["huge-line", "failed", "result_too_large"],
  ["huge-noise", "completed", undefined],
  ["stderr-flood", "completed", undefined],
])("[mcp.memory] 100 MB at once cost less than 64 MiB: %s", async (fault, status, code) => {
  const args = ["--conditions=source", "--disable-warning=ExperimentalWarning", RUNNER, fault, "/dev/null", "measure"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const measured = JSON.parse(stdout) as { grewBytes: number; status: string; code?: string; next: string };
  expect(measured).toMatchObject({ status, next: "completed", ...(code !== undefined && { code }) });
  expect(measured.grewBytes).toBeLessThan(MOST_BYTES);
});
