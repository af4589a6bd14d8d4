/** One call in one process, described by JSON: the inside of exec.ts. */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { Environment } from "@holdfast/runtime";
import { z } from "zod";
import { adoptDirectory } from "./adopt-directory.ts";
import { deny } from "./deny.ts";
import { execute } from "./execute.ts";
import { type Execution, refused, tierUnavailable } from "./execution.ts";
import { limitsByName } from "./box-limits.ts";
import { modelText } from "./model-text.ts";
import { prepare, type Setup } from "./setup.ts";
import { TIERS } from "./tier.ts";

/** Whole: a part of a unit counts as one. */
const whole = z.number().transform(Math.ceil);
const positive = whole.pipe(z.int().min(1));
/** A user id as the kernel has it. */
const userId = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

/** What is left out, or null, has this value. */
const absentAs = <T>(value: T, schema: z.ZodType<T>) => schema.nullish().transform((given): T => given ?? value);

/** Limits by any of their usual names (box-limits.ts); what is not named keeps its default. */
const BoxLimits = z
  .record(z.string(), whole.pipe(z.int().min(0)).nullable())
  .transform((given) =>
    Object.fromEntries(Object.entries(given).filter((one): one is [string, number] => one[1] !== null)),
  );

const BoxPolicy = z.object({
  allow: absentAs([], z.array(z.string())),
  timeout_ms: absentAs(30_000, positive),
  output_cap_bytes: absentAs(65_536, z.int().min(0)),
  env_allow: absentAs([], z.array(z.string())),
  network: absentAs("none", z.literal("none")),
  limits: absentAs({}, BoxLimits),
});

export const BoxInput = z.object({
  tier: absentAs("auto", z.enum([...TIERS, "auto"])),
  /** The workspace: an existing directory. */
  root: z.string().min(1),
  /** Untrusted, and judged by the policy: any shape gets an answer. */
  req: z.unknown().optional(),
  policy: BoxPolicy.nullish().transform((given) => given ?? BoxPolicy.parse({})),
  tool_uid: userId.nullish(),
});
export type BoxInput = z.infer<typeof BoxInput>;

export interface BoxContext {
  readonly hostEnvironment: Environment;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

export async function runInBox(input: BoxInput, context: BoxContext): Promise<Execution> {
  const { policy, tier } = input;
  if (input.tool_uid === 0) {
    context.warn("tools never run as root");
    return tierUnavailable(tier === "auto" ? "T0" : tier);
  }
  const { setup, verdicts } = await prepare({
    policy: {
      allow: policy.allow,
      timeoutMs: policy.timeout_ms,
      outputCapBytes: policy.output_cap_bytes,
      envAllow: policy.env_allow,
      limits: limitsByName(policy.limits, context.warn),
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
  const { tier } = setup.launcher;
  if (root === null) {
    return { ...refused(deny("cwd_missing", "the workspace is not there")), tier, durationMs: 0 };
  }
  if (!(await stat(root)).isDirectory()) return { ...refused(deny("cwd_not_dir")), tier, durationMs: 0 };
  // A relative path could be of anybody's, such as the directory that the runner was started in.
  if (setup.identity && isAbsolute(input.root)) {
    await adoptDirectory(root, setup.identity).catch(() => warn("the workspace could not be given to the tool's user"));
  }
  return await execute({ request: input.req, root, timeoutMs: input.policy.timeout_ms, signal }, setup);
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
