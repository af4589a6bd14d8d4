import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { isInstalled, nodeBinary, pnpmVersion } from "./install.mjs";

const CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url));
let root = "";

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "install-"));
  write("pnpm-lock.yaml", "lockfileVersion: 1\n");
});
afterEach(() => rmSync(root, { recursive: true }));

it("a fresh clone is not installed", () => {
  expect(isInstalled(root)).toBe(false);
});

it("a finished install of this very lockfile is recognised, whoever ran it", () => {
  mkdirSync(dirname(nodeBinary(root)), { recursive: true });
  writeFileSync(nodeBinary(root), "");
  write("node_modules/.pnpm/lock.yaml", "lockfileVersion: 1\n");
  expect(isInstalled(root)).toBe(true);
  write("pnpm-lock.yaml", "lockfileVersion: 2\n");
  expect(isInstalled(root)).toBe(false);
});

it("an install that was cut short is not one", () => {
  mkdirSync(dirname(nodeBinary(root)), { recursive: true });
  writeFileSync(nodeBinary(root), "");
  expect(isInstalled(root)).toBe(false);
});

it("the version of pnpm has one home, and development takes the same", () => {
  const { devEngines } = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8"));
  expect(devEngines.packageManager.version).toBe(`^${pnpmVersion(CHECKOUT)}`);
});
