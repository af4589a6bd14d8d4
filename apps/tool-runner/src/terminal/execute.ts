/** One call from request to ending: decide, prepare a home, launch, collect, clean up. */
import { holdDirectory } from "./cwd.ts";
import { isDenial } from "./deny.ts";
import { buildEnvironment } from "./environment.ts";
import { type Execution, NOTHING_RAN, refused } from "./execution.ts";
import { wrapperFailure } from "./launcher.ts";
import type { OutputStream } from "./live-output.ts";
import { type Approved, decide } from "./policy.ts";
import { type ProcessEnd, runProcess } from "./run-process.ts";
import type { Setup } from "./setup.ts";

export interface Call {
  /** Untrusted: `{argv | command, cwd?}`. */
  readonly request: unknown;
  /** Canonical path of the workspace. */
  readonly root: string;
  readonly timeoutMs: number;
  /** The size of a file it may write where that is less than the policy's. */
  readonly fileBytes?: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (stream: OutputStream, bytes: Buffer) => void;
}

type Ending = Omit<Execution, "tier" | "durationMs">;

/** Every expected ending is an answer; rejects only where no private home can be made. */
export async function execute(call: Call, setup: Setup): Promise<Execution> {
  const startedAt = performance.now();
  const ending = await run(call, setup);
  return { ...ending, tier: setup.launcher.tier, durationMs: Math.round(performance.now() - startedAt) };
}

async function run(call: Call, setup: Setup): Promise<Ending> {
  const approved = decide(call.request, { pins: setup.pins, tier: setup.launcher.tier, root: call.root });
  if (isDenial(approved)) return refused(approved);
  if (call.signal?.aborted) return { outcome: "cancelled", ...NOTHING_RAN };
  const home = await setup.homes.create();
  try {
    return await launch(approved, home, call, setup);
  } finally {
    if (!(await setup.homes.remove(home))) setup.warn("a tool's private directory could not be removed");
  }
}

async function launch({ pin, args, cwd }: Approved, home: string, call: Call, setup: Setup): Promise<Ending> {
  const { policy, launcher, hostEnvironment } = setup;
  const fileBytes = Math.min(policy.limits.fileBytes, call.fileBytes ?? Number.POSITIVE_INFINITY);
  const limits = { ...policy.limits, fileBytes };
  const held = holdDirectory(call.root, cwd);
  if (isDenial(held)) return refused(held);
  try {
    const command = launcher.command({ file: pin.path, args, workspace: call.root, home, cwd, limits });
    const end = await runProcess({
      command,
      cwd: held.path,
      env: buildEnvironment({ home, allow: policy.envAllow, host: hostEnvironment }),
      timeoutMs: call.timeoutMs,
      capBytes: policy.outputCapBytes,
      signal: call.signal,
      ...(call.onBytes && { onBytes: call.onBytes }),
    });
    if ("spawnError" in end) return notStarted(end.spawnError.message);
    const failure = end.stopped === undefined ? wrapperFailure(command, end.exitCode, end.stderr.bytes) : null;
    if (failure !== null) return notStarted(failure);
    return finished(end);
  } finally {
    held.release();
  }
}

function notStarted(reason: string): Ending {
  return { outcome: "spawn_failed", message: `The command could not be started: ${reason}`, ...NOTHING_RAN };
}

function finished({ stopped, exitCode, signal, stdout, stderr }: ProcessEnd): Ending {
  return {
    outcome: stopped ?? (signal === null ? "exited" : "signaled"),
    exitCode,
    signal,
    stdout: { bytes: stdout.bytes, isTruncated: stdout.isTruncated },
    stderr: { bytes: stderr.bytes, isTruncated: stderr.isTruncated },
  };
}
