import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyDirectory } from "./empty-directory.ts";

let base: string;
let directory: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "holdfast-empty-"));
  directory = join(base, "home");
  mkdirSync(directory);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe("emptyDirectory", () => {
  it("removes files, directories and links, and nothing a link leads to", async () => {
    mkdirSync(join(base, "outside"));
    writeFileSync(join(base, "outside", "precious"), "kept");
    symlinkSync(join(base, "outside"), join(directory, "link"));
    mkdirSync(join(directory, "a", "b"), { recursive: true });
    symlinkSync(join(base, "outside"), join(directory, "a", "b", "link"));
    symlinkSync("/nonexistent", join(directory, "a", "dangling"));
    writeFileSync(join(directory, "a", "b", "file"), "");
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0xfe])]), "");

    expect(await emptyDirectory(directory)).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
    expect(readFileSync(join(base, "outside", "precious"), "utf8")).toBe("kept");
  });

  it("removes directories without permissions", async () => {
    mkdirSync(join(directory, "a", "b", "c"), { recursive: true });
    writeFileSync(join(directory, "a", "b", "c", "file"), "");
    for (const name of ["a/b/c", "a/b", "a"]) chmodSync(join(directory, name), 0);
    chmodSync(directory, 0);
    expect(await emptyDirectory(directory)).toBe(true);
  });

  it("removes a tree deeper than any path may be long", async () => {
    const levels = 600;
    const before = process.cwd();
    try {
      process.chdir(directory);
      for (let level = 0; level < levels; level += 1) {
        mkdirSync("dddddddd");
        process.chdir("dddddddd");
      }
    } finally {
      process.chdir(before);
    }
    expect(await emptyDirectory(directory)).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("refuses a link in place of the directory, and answers false for what is not there", async () => {
    writeFileSync(join(directory, "precious"), "");
    symlinkSync(directory, join(base, "link"));
    expect(await emptyDirectory(join(base, "link"))).toBe(false);
    expect(readdirSync(directory)).toEqual(["precious"]);
    expect(await emptyDirectory(join(base, "missing"))).toBe(false);
  });
});
