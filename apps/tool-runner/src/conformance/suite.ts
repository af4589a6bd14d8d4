import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Runs the conformance suite of the protocol's authors against our client, one scenario at a time: run at once, its
 * scenarios time out on a small machine.
 */
export const REVISIONS = ["2025-11-25", "2026-07-28"] as const;
export type Revision = (typeof REVISIONS)[number];

export interface Verdict {
  readonly isPassed: boolean;
  /** What the suite said. */
  readonly report: string;
}

const SUITE = dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json"));
const CLIENT = join(import.meta.dirname, "..", "conformance.ts");

/** The client scenarios that a revision requires, as the suite lists them. */
export function requiredScenarios(revision: Revision): string[] {
  const list = readFileSync(join(SUITE, "requirements", `${revision}.yaml`), "utf8");
  const ofClients = /^client:\n((?:  - .+\n)+)/m.exec(list)?.[1] ?? "";
  return [...ofClients.matchAll(/^  - (\S+)/gm)].map(([, name]) => name ?? "");
}

export async function runScenario(revision: Revision, scenario: string): Promise<Verdict> {
  const output = await mkdtemp(join(tmpdir(), "holdfast-conformance-"));
  const command = `"${process.execPath}" --conditions=source "${CLIENT}"`;
  const asked = [
    "client",
    "--command",
    command,
    "--scenario",
    scenario,
    "--spec-version",
    revision,
    "--force",
    "-o",
    output,
  ];
  const suite = spawn(process.execPath, [join(SUITE, "dist", "index.js"), ...asked], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let report = "";
  suite.stdout.setEncoding("utf8").on("data", (piece: string) => (report += piece));
  suite.stderr.setEncoding("utf8").on("data", (piece: string) => (report += piece));
  const [code] = (await once(suite, "close")) as [number | null];
  await rm(output, { recursive: true, force: true });
  // A scenario that the suite skips is no scenario passed.
  return { isPassed: code === 0 && report.includes("OVERALL: PASSED"), report };
}
