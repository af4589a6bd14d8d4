/** Builds the web page when it is missing or older than its sources; the gateway serves the result. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CommandFailed, run } from "../commands.ts";
import { ROOT } from "../project.ts";
import { hashSources, readStamp, writeStamp } from "./source-stamp.ts";

const WEB = join(ROOT, "apps", "web");
const VITE = join(WEB, "node_modules", "vite", "bin", "vite.js");
const STAMP = join(WEB, "dist", ".source-hash");
const SOURCES = [
  "apps/web/src",
  "apps/web/public",
  "apps/web/index.html",
  "apps/web/package.json",
  "apps/web/vite.config.ts",
  "packages/client/src",
  "packages/protocol/src",
  "pnpm-lock.yaml",
];

/** Answers how many milliseconds it took, 0 when the page was up to date. Throws with Vite's own words. */
export async function buildPage(): Promise<number> {
  const hash = hashSources(ROOT, SOURCES);
  if (existsSync(join(WEB, "dist", "index.html")) && readStamp(STAMP) === hash) return 0;
  const began = Date.now();
  await run(process.execPath, [VITE, "build", "--logLevel", "warn"], WEB).catch((error: unknown) => {
    const output = error instanceof CommandFailed ? error.output : String(error);
    throw new Error(`the page could not be built:\n${output}`, { cause: error });
  });
  writeStamp(STAMP, hash);
  return Date.now() - began;
}

/** Rebuilds the page on every change, for `pnpm dev`. */
export const watchPage = () => ({
  file: process.execPath,
  args: [VITE, "build", "--watch", "--logLevel", "warn"],
  cwd: WEB,
});
