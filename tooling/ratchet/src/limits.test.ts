import { expect, it } from "@jest/globals";
import { git, readText } from "./checkout.ts";
import { currentLimits, earlierLimits, raisedLimits } from "./limits.ts";

const limits = currentLimits();

it("no limit is above the one of an earlier commit", () => {
  expect(raisedLimits(limits, earlierLimits())).toEqual([]);
});

it("a limit that was raised or dropped is named", () => {
  const before = { complexity: 12, "max-lines": 300 };
  expect(raisedLimits({ complexity: 13 }, [before])).toEqual([
    "complexity was 12 and is 13",
    "max-lines was 300 and is gone",
  ]);
  expect(raisedLimits({ complexity: 11, "max-lines": 300 }, [before])).toEqual([]);
});

it.each(["complexity", "max-lines", "max-lines-per-function"])("the linter uses the limit of %s", (rule) => {
  const uses = [...readText(".oxlintrc.json").matchAll(new RegExp(`"${rule}": \\["error", \\{ "max": (\\d+)`, "g"))];
  expect(uses.map((match) => Number(match[1]))).toEqual([limits[rule]]);
});

it("the linter is switched off by comment no more often than recorded", () => {
  const files = git("ls-files", "*.ts", "*.tsx", "*.mjs").split("\n").filter(Boolean);
  const lines = files.flatMap((file) =>
    readText(file)
      .split("\n")
      .filter((line) => /(\/\/|\/\*)\s*(oxlint|eslint)-disable/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(lines.slice(limits["lint-disable-comments"])).toEqual([]);
});
