import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Options } from "../options.ts";
import { type CellResult, summarize } from "../results.ts";
import { curvesOf } from "./curves.ts";
import { type Circumstances, pageOf } from "./markdown.ts";

const FOLDER = fileURLToPath(new URL("../results/", import.meta.url));

/** latest.json, latest.md and the curves; answers the page and where it lies. */
export function writeResults(
  results: readonly CellResult[],
  options: Pick<Options, "scale" | "out">,
  args: readonly string[],
) {
  const out = options.out ?? FOLDER;
  const rows = summarize(results);
  const about = circumstances(args, options.scale < 1);
  const page = pageOf(rows, about);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "latest.json"), `${JSON.stringify({ about, rows, results }, rounded, 1)}\n`);
  writeFileSync(join(out, "latest.md"), page);
  for (const [file, svg] of curvesOf(rows)) writeFileSync(join(out, file), svg);
  return { page, path: join(out, "latest.md") };
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}

function circumstances(args: readonly string[], isTrial: boolean): Circumstances {
  const processors = cpus();
  const redis =
    /v=([\d.]+)/.exec(answerOf(process.env["REDIS_SERVER"] ?? "redis-server", "--version"))?.[1] ?? "unknown";
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: answerOf("git", "rev-parse", "--short", "HEAD"),
    machine: `${processors.length} cores, ${processors[0]?.model ?? "unknown processor"}`,
    versions: `Node ${process.versions.node}, Redis ${redis} with its log on disk every second`,
    isTrial,
    command: ["pnpm bench", ...args].join(" "),
  };
}

function answerOf(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
}
