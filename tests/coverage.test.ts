import { expect, it } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { areas, requirements } from "./requirements.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "reports", "coverage", ".git", ".turbo", ".data", ".cache"]);
const TEST_FILE = /\.test\.tsx?$|[\\/]tests[\\/].*\.(mjs|ts)$/;

/** A title is the first string of a call; it may begin with the ids of several promises. */
const TITLE = /\(\s*["'`]((?:\[[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+\]\s*)+)/g;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : filesBelow(join(folder, entry.name));
    return [join(folder, entry.name)];
  });
}

function namedPromises(): Map<string, string[]> {
  const named = new Map<string, string[]>();
  for (const file of filesBelow(ROOT).filter((path) => TEST_FILE.test(path))) {
    for (const [, tags] of readFileSync(file, "utf8").matchAll(TITLE)) {
      for (const [, id] of (tags ?? "").matchAll(/\[([^\]]+)\]/g)) {
        if (id !== undefined) named.set(id, [...(named.get(id) ?? []), relative(ROOT, file)]);
      }
    }
  }
  return named;
}

const named = namedPromises();

it("every promise belongs to one area", () => {
  const ids = Object.values(areas).flatMap((area) => Object.keys(area));
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

it("every promise has a test whose title names it", () => {
  const untested = Object.entries(requirements).filter(([id]) => !named.has(id));
  expect(untested.map(([id, sentence]) => `${id}: ${sentence}`)).toEqual([]);
});

it("every tag in a test title is a promise of requirements.ts", () => {
  const unknown = [...named].filter(([id]) => !Object.hasOwn(requirements, id));
  expect(unknown.map(([id, files]) => `[${id}] in ${[...new Set(files)].join(", ")}`)).toEqual([]);
});

it.each(["README.md", "docs/guarantees.md"])("every promise in %s links to a test that names it", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  const links = [...text.matchAll(/\[`([a-z0-9.-]+)`\]\(([^)]+\.test\.tsx?)\)/g)];
  const wrong = links.filter(([, id, path]) => {
    const file = relative(ROOT, join(ROOT, page, "..", path ?? ""));
    return !named.get(id ?? "")?.includes(file);
  });
  expect(links.length).toBeGreaterThan(5);
  expect(wrong.map(([link]) => link)).toEqual([]);
});
