import { afterAll, beforeAll, expect, it } from "@jest/globals";
import fc from "fast-check";
import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listFiles, readPart } from "./workspace-files.ts";

const SECRET = "outside-secret";
let base: string;
let root: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "holdfast-files-"));
  root = join(base, "workspace");
  mkdirSync(join(root, "sub", "deep"), { recursive: true });
  mkdirSync(join(base, "outside"));
  writeFileSync(join(base, "outside", "secret"), SECRET);
  writeFileSync(join(root, "a.txt"), "hello");
  writeFileSync(join(root, "sub", "deep", "é.bin"), Buffer.alloc(600_000, 7));
  symlinkSync("../outside", join(root, "link"));
  symlinkSync("../outside/secret", join(root, "secret"));
  linkSync(join(base, "outside", "secret"), join(root, "hard"));
  spawnSync("/usr/bin/mkfifo", [join(root, "pipe")]);
});
afterAll(() => rmSync(base, { recursive: true }));

it("[files.list] lists the regular files of a workspace, and no link, pipe or file with a second name", async () => {
  const list = await listFiles(root);
  expect(list).toMatchObject({
    is: "list",
    truncated: false,
    files: [
      { path: "a.txt", size: 5 },
      { path: "sub/deep/é.bin", size: 600_000 },
    ],
  });
  expect(await listFiles(join(base, "gone"))).toEqual({ is: "list", files: [], truncated: false });
});

it("[files.read] reads a file in parts, and tells one version from another", async () => {
  const parts: Buffer[] = [];
  for (let offset = 0; ; ) {
    const part = await readPart(root, "sub/deep/é.bin", offset);
    if (part.is !== "part" || part.data === "") break;
    parts.push(Buffer.from(part.data, "base64"));
    offset += parts.at(-1)?.length ?? 0;
  }
  expect(Buffer.concat(parts).equals(Buffer.alloc(600_000, 7))).toBe(true);
  expect(parts.length).toBeGreaterThan(1);

  const before = await readPart(root, "a.txt", 0);
  utimesSync(join(root, "a.txt"), new Date(), new Date(0));
  const after = await readPart(root, "a.txt", 0);
  expect([before, after]).toMatchObject([{ data: Buffer.from("hello").toString("base64") }, { size: 5 }]);
  expect("version" in before && "version" in after && before.version === after.version).toBe(false);
});

it.each([
  "../outside/secret",
  "link/secret",
  "secret",
  "hard",
  "pipe",
  "sub",
  "",
  "/etc/passwd",
  "a.txt/",
  "./a.txt",
  "no",
])("[files.path] hands out nothing for %j", async (path) => {
  expect(await readPart(root, path, 0)).toEqual({ is: "missing" });
});

it("[files.path] hands out nothing from outside, whatever the path", async () => {
  const name = fc.constantFrom(
    "..",
    ".",
    "",
    "link",
    "secret",
    "hard",
    "sub",
    "deep",
    "outside",
    "a.txt",
    "\0",
    "etc",
    "passwd",
  );
  const path = fc.oneof(
    fc.string(),
    fc.array(name, { maxLength: 6 }).map((names) => names.join("/")),
  );
  await fc.assert(
    fc.asyncProperty(path, async (tried) => {
      const answer = await readPart(root, tried, 0);
      const text = answer.is === "part" ? Buffer.from(answer.data, "base64").toString() : "";
      expect(text).not.toMatch(/outside-secret|root:/);
    }),
  );
});
