import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PinnedCommands, pinCommand } from "./pin.ts";

const isRoot = process.getuid?.() === 0;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-pin-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function program(name: string, mode: number, uid?: number, content = "\x7fELF"): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  if (uid !== undefined) chownSync(path, uid, uid);
  chmodSync(path, mode);
  return path;
}

describe("pinned commands", () => {
  it("[terminal.pin] find a name only in the system's directories, whatever PATH says", () => {
    const before = process.env["PATH"];
    try {
      program("holdfast-only-in-path", 0o755);
      process.env["PATH"] = `${directory}:${before}`;
      expect(pinCommand("holdfast-only-in-path")).toBeNull();
      expect(pinCommand("ls")?.path).toMatch(/^(\/usr)?\/bin\/ls$/);
    } finally {
      process.env["PATH"] = before;
    }
  });

  it("tell a name that is not allowed from one that is not installed", () => {
    const pins = new PinnedCommands(["ls", "no-such-command-here"]);
    expect(pins.find("cat")).toMatchObject({ denied: "not_allowed" });
    expect(pins.find("")).toMatchObject({ denied: "not_allowed" });
    expect(pins.find("no-such-command-here")).toMatchObject({ denied: "not_installed" });
    expect(pins.missing).toEqual(["no-such-command-here"]);
  });

  it("accept a path only where it is exactly that of the pinned file", () => {
    const pins = new PinnedCommands(["ls"]);
    expect(pins.find("/usr/bin/ls")).toMatchObject({ name: "ls" });
    for (const path of [
      "./ls",
      "/tmp/ls",
      "../bin/ls",
      "/usr/bin/../bin/ls",
      "/usr/bin//ls",
      "/usr/bin/cat",
      "bin/ls",
    ]) {
      expect(pins.find(path)).toMatchObject({ denied: "path_not_pinned" });
    }
  });

  it("never take a setuid program", () => {
    expect(pinCommand("su")).toBeNull();
  });

  it.each(["", ".", "..", "a/b", "/bin/ls", "l\0s"])("take no name such as %j", (name) => {
    expect(pinCommand(name)).toBeNull();
  });

  it("refuse a file that belongs to somebody else", () => {
    program("of-another-user", 0o755, isRoot ? 1000 : undefined);
    expect(pinCommand("of-another-user", [directory])).toBeNull();
  });

  // What qualifies belongs to root, and only root can make such a file.
  if (!isRoot) return;
  describe("of a directory of root", () => {
    it.each<[string, number]>([
      ["writable-by-group", 0o775],
      ["writable-by-all", 0o757],
      ["setuid", 0o4755],
      ["setgid", 0o2755],
      ["not-executable", 0o644],
    ])("refuse a file that is %s", (name, mode) => {
      program(name, mode);
      expect(pinCommand(name, [directory])).toBeNull();
    });

    it("take a file of root, and only as long as it stays so", () => {
      const path = program("good", 0o755);
      const pins = new PinnedCommands(["good"], [directory]);
      expect(pins.find("good")).toMatchObject({ path });
      chmodSync(path, 0o777);
      expect(pins.find("good")).toMatchObject({ denied: "not_installed" });
    });

    it("[terminal.no-shell] refuse a file that only a shell could make sense of, and know a script by its first line", () => {
      program("plain-text", 0o755, 0, "echo evil\n");
      program("empty", 0o755, 0, "");
      program("script", 0o755, 0, "#!/bin/sh\n");
      expect(pinCommand("plain-text", [directory])).toBeNull();
      expect(pinCommand("empty", [directory])).toBeNull();
      expect(pinCommand("script", [directory])).toMatchObject({ isScript: true });
      program("program", 0o755, 0);
      expect(pinCommand("program", [directory])).toMatchObject({ isScript: false });
    });

    it("refuse a directory and a dangling link, and judge a link by its target", () => {
      mkdirSync(join(directory, "folder"));
      symlinkSync("/nonexistent", join(directory, "dangling"));
      symlinkSync(program("target", 0o777), join(directory, "link-to-bad"));
      symlinkSync(program("target-2", 0o755), join(directory, "link-to-good"));
      expect(pinCommand("folder", [directory])).toBeNull();
      expect(pinCommand("dangling", [directory])).toBeNull();
      expect(pinCommand("link-to-bad", [directory])).toBeNull();
      expect(pinCommand("link-to-good", [directory])).toMatchObject({ path: join(directory, "link-to-good") });
    });
  });
});
