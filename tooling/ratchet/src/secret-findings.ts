/**
 * Secretlint with a baseline. A finding that is known and harmless (a made-up key in a test) is recorded with its reason in
 * `.secretlint-baseline.json`; every other one fails. A record without a finding fails too, so the baseline only shrinks, and
 * its length is bounded by a limit that only falls. Records hold a hash, so the file never repeats what it excuses.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT, readText } from "./checkout.ts";

export const BASELINE_FILE = ".secretlint-baseline.json";
const MAX_BYTES = 64 * 1024 * 1024;

export interface Finding {
  readonly file: string;
  readonly rule: string;
  readonly sha256: string;
}

export interface Known extends Finding {
  readonly reason: string;
}

interface Report {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string; readonly range: readonly [number, number] }[];
}

export const knownFindings = (): Known[] => JSON.parse(readText(BASELINE_FILE)) as Known[];

/** Scans `files` (paths from the root), or the whole tree as .gitignore leaves it. Throws when secretlint cannot run. */
export function scan(files?: readonly string[]): Finding[] {
  const present = files?.filter((file) => existsSync(join(ROOT, file)));
  if (present?.length === 0) return [];
  const args = ["--format", "json", ...(present ? ["--no-glob", ...present] : ["**/*"])];
  const program = join(ROOT, "node_modules", ".bin", "secretlint");
  const result = spawnSync(program, args, { cwd: ROOT, encoding: "utf8", maxBuffer: MAX_BYTES });
  if (result.error || (result.status !== 0 && !result.stdout.trim().startsWith("["))) {
    throw new Error(`secretlint could not run: ${result.error?.message ?? result.stderr}`);
  }
  return (JSON.parse(result.stdout || "[]") as Report[]).flatMap(findingsOf);
}

function findingsOf({ filePath, messages }: Report): Finding[] {
  if (messages.length === 0) return [];
  const text = readFileSync(filePath, "utf8");
  const hash = ([from, to]: readonly [number, number]) =>
    createHash("sha256").update(text.slice(from, to)).digest("hex");
  return messages.map(({ ruleId, range }) => ({ file: relative(ROOT, filePath), rule: ruleId, sha256: hash(range) }));
}

const isSame = (a: Finding, b: Finding): boolean => a.file === b.file && a.rule === b.rule && a.sha256 === b.sha256;

export interface Verdict {
  readonly fresh: readonly Finding[];
  readonly stale: readonly Known[];
}

/** What is found but not known, and (where the whole tree was scanned) what is known but not found. */
export function judge(found: readonly Finding[], known: readonly Known[], isWholeTree: boolean): Verdict {
  return {
    fresh: found.filter((finding) => !known.some((record) => isSame(finding, record))),
    stale: isWholeTree ? known.filter((record) => !found.some((finding) => isSame(finding, record))) : [],
  };
}
