/**
 * Before a commit: the staged files are formatted, linted and free of secrets. Seconds, not minutes: types and tests belong
 * to `pnpm check` and CI. What is checked is the working tree's version of those files.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.ts";

const SOURCE = /\.(ts|tsx|mjs)$/;
const bin = (name: string) => join(ROOT, "node_modules", ".bin", name);

function stagedFiles(): string[] {
  const staged = execFileSync("git", ["diff", "--cached", "--name-only", "--diff-filter=ACMR", "-z"], { cwd: ROOT });
  return staged
    .toString("utf8")
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(ROOT, file)));
}

interface Check {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

function passes({ name, file, args }: Check): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => output.push(data));
    child.once("error", (error) => output.push(Buffer.from(error.message)));
    child.once("close", (code) => {
      if (code !== 0) console.error(`${name}:\n${Buffer.concat(output).toString("utf8")}`);
      resolve(code === 0);
    });
  });
}

const staged = stagedFiles();
const sources = staged.filter((file) => SOURCE.test(file));
const lenient = ["--no-errors-on-unmatched", "--files-ignore-unknown=true"];
const checks: Check[] = [
  { name: "format (pnpm format)", file: bin("biome"), args: ["format", ...lenient, ...staged] },
  { name: "lint", file: bin("oxlint"), args: ["--type-aware", "--no-error-on-unmatched-pattern", ...sources] },
  { name: "secrets", file: process.execPath, args: ["tooling/ratchet/src/scan-secrets.ts", ...staged] },
].filter(({ name }) => (name === "lint" ? sources.length > 0 : staged.length > 0));

const results = await Promise.all(checks.map(passes));
process.exit(results.every(Boolean) ? 0 : 1);
