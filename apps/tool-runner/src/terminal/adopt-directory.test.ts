import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adoptDirectory, isSystemDirectory } from "./adopt-directory.ts";

const TOOL = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;
let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "holdfast-adopt-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function owner(name: string): number {
  return lstatSync(join(base, name)).uid;
}

it("gives what belongs to root to the tool's user, and nothing that lies elsewhere", async () => {
  mkdirSync(join(base, "root", "sub"), { recursive: true });
  mkdirSync(join(base, "outside"));
  for (const name of ["root/file", "root/sub/file", "outside/file", "outside/linked"])
    writeFileSync(join(base, name), "");
  symlinkSync("../outside", join(base, "root", "link-directory"));
  symlinkSync("../outside/file", join(base, "root", "link-file"));
  linkSync(join(base, "outside", "linked"), join(base, "root", "second-name"));
  const before = owner("outside");

  await adoptDirectory(join(base, "root"), isRoot ? TOOL : { uid: before, gid: before });

  const wanted = isRoot ? TOOL.uid : before;
  expect(["root", "root/file", "root/sub", "root/sub/file"].map(owner)).toEqual([wanted, wanted, wanted, wanted]);
  expect(["outside", "outside/file", "outside/linked"].map(owner)).toEqual([before, before, before]);
  expect(["root/link-directory", "root/link-file", "root/second-name"].map(owner)).toEqual([before, before, before]);
});

it("gives what the user of tools has left, where none was named, to the user that is named", async () => {
  mkdirSync(join(base, "root"));
  writeFileSync(join(base, "root", "file"), "");
  const own = owner("root");
  for (const uid of isRoot ? [TOOL.uid, 1234] : [own]) await adoptDirectory(join(base, "root"), { uid, gid: uid });
  expect(["root", "root/file"].map(owner)).toEqual(isRoot ? [1234, 1234] : [own, own]);
});

it.each(["/", "/tmp", "/usr", "/usr/share/doc", "/etc", "/etc/ssl", "/var/lib/dpkg", "/proc/1", "/lib64/x"])(
  "takes %s for a directory of the system, to be left alone",
  (path) => {
    expect(isSystemDirectory(path)).toBe(true);
  },
);

it.each([
  "/tmp/x",
  "/srv/workspace",
  "/home/me/project",
  "/workspace",
  "/data",
  "/workspace/one",
  "/etcetera/x",
  "/var/tmp/x",
])("takes %s for somebody's workspace", (path) => {
  expect(isSystemDirectory(path)).toBe(false);
});
