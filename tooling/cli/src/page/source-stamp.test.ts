import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { hashSources } from "./source-stamp.ts";

let root = "";
const SOURCES = ["web/src", "web/index.html", "web/missing.css"];
const hash = () => hashSources(root, SOURCES);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "stamp-"));
  mkdirSync(join(root, "web/src/dist"), { recursive: true });
  writeFileSync(join(root, "web/src/app.ts"), "one");
  writeFileSync(join(root, "web/index.html"), "<html>");
});
afterEach(() => rmSync(root, { recursive: true }));

it("changes with a file's content and not with its time", () => {
  const before = hash();
  utimesSync(join(root, "web/src/app.ts"), 1, 1);
  expect(hash()).toBe(before);
  writeFileSync(join(root, "web/src/app.ts"), "two");
  expect(hash()).not.toBe(before);
});

it("changes when a file appears", () => {
  const before = hash();
  writeFileSync(join(root, "web/missing.css"), "");
  expect(hash()).not.toBe(before);
});

it("knows nothing of tests and results", () => {
  const before = hash();
  writeFileSync(join(root, "web/src/app.test.ts"), "it");
  writeFileSync(join(root, "web/src/dist/app.js"), "built");
  expect(hash()).toBe(before);
});
