import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdDirectory, isInside, resolveCwd } from "./cwd.ts";
import { isDenial } from "./deny.ts";

let base: string;
let root: string;

beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-cwd-")));
  root = join(base, "root");
  mkdirSync(join(root, "sub", "deep"), { recursive: true });
  mkdirSync(join(base, "root-beside"));
  mkdirSync(join(base, "outside", "dir"), { recursive: true });
  writeFileSync(join(root, "file"), "");
  symlinkSync(join(base, "outside"), join(root, "link-out"));
  symlinkSync("../outside/dir", join(root, "link-out-relative"));
  symlinkSync("sub", join(root, "link-in"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync(join(base, "outside", "missing"), join(root, "link-out-missing"));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function answer(asked: string | undefined): string {
  const result = resolveCwd(root, asked);
  return isDenial(result) ? result.denied : result.cwd.slice(base.length);
}

describe("resolveCwd", () => {
  it.each<[string | undefined, string]>([
    [undefined, "/root"],
    ["", "/root"],
    [".", "/root"],
    ["sub", "/root/sub"],
    ["sub/../sub/./deep/", "/root/sub/deep"],
    ["link-in", "/root/sub"],
    ["link-in/deep/..", "/root/sub"],
  ])("takes %j", (asked, wanted) => {
    expect(answer(asked)).toBe(wanted);
  });

  it("takes an absolute path inside, also by another name of the workspace", () => {
    expect(answer(`${root}/sub`)).toBe("/root/sub");
    symlinkSync(root, join(base, "alias"));
    expect(answer(`${base}/alias/sub`)).toBe("/root/sub");
  });

  it.each([
    "..",
    "../root-beside",
    "sub/../..",
    "/",
    "/etc",
    "link-out",
    "link-out/dir",
    "link-out-relative",
    // The kernel follows the link first: this is the directory above the target.
    "link-out/..",
    "../missing",
    "missing/../../outside",
    "link-out/missing",
    "/no/such/path",
  ])("[terminal.cwd] refuses %j as outside, whether it exists or not", (asked) => {
    expect(answer(asked)).toBe("cwd_outside");
  });

  it("tells what is missing from what is no directory", () => {
    expect(answer("missing")).toBe("cwd_missing");
    expect(answer("sub/missing/deeper")).toBe("cwd_missing");
    expect(answer("loop")).toBe("cwd_missing");
    expect(answer("file")).toBe("cwd_not_dir");
    expect(answer("file/below")).toBe("cwd_not_dir");
  });

  it("never answers a directory outside, however a path is put together", () => {
    const segment = fc.constantFrom(
      ..."sub deep file missing .. .. . link-in link-out link-out-relative link-out-missing loop root outside".split(
        " ",
      ),
      "",
    );
    const path = fc.tuple(fc.constantFrom("", "/", "//", "BASE/", "ROOT/"), fc.array(segment, { maxLength: 8 }));
    fc.assert(
      fc.property(path, ([start, segments]) => {
        const asked = start.replace("BASE", base).replace("ROOT", root) + segments.join("/");
        const result = resolveCwd(root, asked);
        if (isDenial(result)) return;
        expect(isInside(root, realpathSync(result.cwd))).toBe(true);
        expect(statSync(result.cwd).isDirectory()).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

describe("holdDirectory", () => {
  it("refuses a directory that became a link to the outside after it was checked", () => {
    const race = join(root, "race");
    mkdirSync(race);
    expect(answer("race")).toBe("/root/race");
    rmSync(race, { recursive: true });
    symlinkSync(join(base, "outside"), race);
    expect(holdDirectory(root, race)).toMatchObject({ denied: "cwd_outside" });
  });

  it("refuses a directory below one that became a link to the outside", () => {
    mkdirSync(join(root, "parent", "dir"), { recursive: true });
    renameSync(join(root, "parent"), join(root, "parent-moved"));
    symlinkSync(join(base, "outside"), join(root, "parent"));
    expect(holdDirectory(root, join(root, "parent", "dir"))).toMatchObject({ denied: "cwd_outside" });
  });

  it("stays with the directory itself when its name goes elsewhere", () => {
    mkdirSync(join(root, "held"));
    const held = holdDirectory(root, join(root, "held"));
    if (isDenial(held)) throw new Error(held.message);
    renameSync(join(root, "held"), join(root, "held-moved"));
    expect(realpathSync(held.path)).toBe(join(root, "held-moved"));
    held.release();
  });
});
