/** One call in one process, described by JSON: the inside of exec.ts. */
import { realpath } from "node:fs/promises";
import type { Environment } from "@holdfast/runtime";
import { z } from "zod";
import { adoptDirectory } from "./adopt-directory.ts";
import { deny } from "./deny.ts";
import { execute } from "./execute.ts";
import { type Execution, refused, tierUnavailable } from "./execution.ts";
import { DEFAULT_LIMITS, type ToolLimits } from "./limits.ts";
import { modelText } from "./model-text.ts";
import { prepare, type Setup } from "./setup.ts";
import { TIERS } from "./tier.ts";

const positive = z.int().min(1);

/** A limit may also be called as prlimit calls it. Unnamed limits keep their defaults. */
const BoxLimits = z.object({
  cpu_seconds: positive.optional(),
  cpu: positive.optional(),
  memory_bytes: positive.optional(),
  as: positive.optional(),
  file_bytes: positive.optional(),
  fsize: positive.optional(),
  open_files: positive.optional(),
  nofile: positive.optional(),
  processes: positive.optional(),
  nproc: positive.optional(),
});

export const BoxInput = z.object({
  tier: z.enum([...TIERS, "auto"]).default("auto"),
  /** The workspace: an existing directory. */
  root: z.string().min(1),
  /** Untrusted, and judged by the policy: any shape gets an answer. */
  req: z.unknown(),
  policy: z.object({
    allow: z.array(z.string()).default([]),
    timeout_ms: positive.default(30_000),
    output_cap_bytes: z.int().min(0).default(65_536),
    env_allow: z.array(z.string()).default([]),
    network: z.literal("none").default("none"),
    limits: BoxLimits.nullish(),
  }),
  tool_uid: positive.nullish(),
});
export type BoxInput = z.infer<typeof BoxInput>;

export interface BoxContext {
  readonly hostEnvironment: Environment;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

export async function runInBox(input: BoxInput, context: BoxContext): Promise<Execution> {
  const { policy, tier } = input;
  const { setup, verdicts } = await prepare({
    policy: {
      allow: policy.allow,
      timeoutMs: policy.timeout_ms,
      outputCapBytes: policy.output_cap_bytes,
      envAllow: policy.env_allow,
      limits: toolLimits(policy.limits ?? {}),
    },
    tier,
    toolUid: input.tool_uid ?? undefined,
    hostEnvironment: context.hostEnvironment,
    warn: context.warn,
  });
  if (setup === null) {
    for (const [name, verdict] of Object.entries(verdicts)) {
      if ("reason" in verdict && (tier === "auto" || tier === name)) context.warn(`${name}: ${verdict.reason}`);
    }
    return tierUnavailable(tier === "auto" ? "T0" : tier);
  }
  try {
    return await runPrepared(input, setup, context);
  } finally {
    await setup.homes.close();
  }
}

async function runPrepared(input: BoxInput, setup: Setup, { signal, warn }: BoxContext): Promise<Execution> {
  const root = await realpath(input.root).catch(() => null);
  if (root === null) {
    return { ...refused(deny("cwd_missing", "the workspace is not there")), tier: setup.launcher.tier, durationMs: 0 };
  }
  if (setup.identity) {
    await adoptDirectory(root, setup.identity).catch(() => warn("the workspace could not be given to the tool's user"));
  }
  return await execute({ request: input.req, root, timeoutMs: input.policy.timeout_ms, signal }, setup);
}

function toolLimits(limits: z.infer<typeof BoxLimits>): ToolLimits {
  return {
    cpuSeconds: limits.cpu_seconds ?? limits.cpu ?? DEFAULT_LIMITS.cpuSeconds,
    memoryBytes: limits.memory_bytes ?? limits.as ?? DEFAULT_LIMITS.memoryBytes,
    fileBytes: limits.file_bytes ?? limits.fsize ?? DEFAULT_LIMITS.fileBytes,
    openFiles: limits.open_files ?? limits.nofile ?? DEFAULT_LIMITS.openFiles,
    processes: limits.processes ?? limits.nproc ?? DEFAULT_LIMITS.processes,
  };
}

export function boxOutput(execution: Execution, input: BoxInput): Record<string, unknown> {
  const { outcome, denyCode, exitCode, signal, stdout, stderr, tier, durationMs } = execution;
  return {
    outcome,
    ...(denyCode && { deny_code: denyCode }),
    exit_code: exitCode,
    signal,
    stdout_b64: stdout.bytes.toString("base64"),
    stderr_b64: stderr.bytes.toString("base64"),
    truncated: stdout.isTruncated || stderr.isTruncated,
    text: modelText(execution, input.policy.timeout_ms).text,
    tier,
    duration_ms: durationMs,
  };
}
