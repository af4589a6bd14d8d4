import { describe, expect, it } from "@jest/globals";
import { argsInBrief, argsInFull, formatDuration } from "./tool-presentation.ts";

describe("a tool card", () => {
  it("shows a command as typed and other arguments as JSON", () => {
    expect(argsInBrief({ command: "ls -la" })).toBe("ls -la");
    expect(argsInFull({ command: "ls -la" })).toBe("$ ls -la");
    expect(argsInBrief({ command: "ls", cwd: "x" })).toBe('{"command":"ls","cwd":"x"}');
    expect([argsInBrief({}), argsInBrief(null), argsInFull(undefined)]).toEqual(["", "", ""]);
  });

  it("gives durations in the unit one would say", () => {
    expect([formatDuration(3.4), formatDuration(1_240), formatDuration(125_000)]).toEqual([
      "3 ms",
      "1.2 s",
      "2 min 5 s",
    ]);
  });
});
