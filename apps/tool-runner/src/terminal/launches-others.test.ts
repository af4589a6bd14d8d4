import { describe, expect, it } from "@jest/globals";
import { launchesOthers } from "./launches-others.ts";
import type { Pin } from "./pin.ts";

function pin(name: string, target = `/usr/bin/${name}`, isScript = false): Pin {
  return { name, path: `/usr/bin/${name}`, target, isScript, spellings: [] };
}

describe("launchesOthers", () => {
  const listed = "find git tar awk sed xargs env perl python node npm make ssh man less vi tee dd".split(" ");
  it.each([
    ...listed,
    "sh",
    "bash",
    "python3",
    "python3.11",
    "vim.basic",
    "gcc-12",
    "nohup",
    "timeout",
    "setsid",
    "m4",
    "x86_64-linux-gnu-gcc-12",
    "perl5.36-x86_64-linux-gnu",
  ])("[terminal.launchers] needs more than T1 for %s", (name) => {
    expect(launchesOthers(pin(name), [name])).toBe(true);
  });

  it.each("ls cat echo date pwd head tail wc grep sort uniq uname cp mv rm mkdir touch stat sleep printenv".split(" "))(
    "lets %s run at any tier",
    (name) => {
      expect(launchesOthers(pin(name), [name, "-x", "--", "co"])).toBe(false);
    },
  );

  it("goes by the file behind a link, and by what the file is", () => {
    expect(launchesOthers(pin("harmless", "/usr/bin/busybox"), ["harmless"])).toBe(true);
    expect(launchesOthers(pin("harmless", "/usr/bin/harmless", true), ["harmless"])).toBe(true);
  });

  it("knows the options by which harmless commands start a program, also abbreviated", () => {
    expect(launchesOthers(pin("sort"), ["sort", "--compress-program=sh", "x"])).toBe(true);
    expect(launchesOthers(pin("sort"), ["sort", "--com", "sh", "x"])).toBe(true);
    expect(launchesOthers(pin("split"), ["split", "--filter=sh", "x"])).toBe(true);
    expect(launchesOthers(pin("sdiff"), ["sdiff", "--diff-program=/usr/bin/id", "a", "b"])).toBe(true);
    expect(launchesOthers(pin("sort"), ["sort", "-r", "--check", "x"])).toBe(false);
  });
});
