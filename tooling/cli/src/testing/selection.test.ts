import { expect, it } from "@jest/globals";
import { selectTests } from "./selection.ts";

it("everything runs unless something is chosen", () => {
  expect(selectTests([])).toEqual({ jestArgs: [], needsBrowser: true, needsPage: true });
});

it("unit tests need neither page nor browser", () => {
  const { jestArgs, needsBrowser, needsPage } = selectTests(["--only", "unit"]);
  expect({ needsBrowser, needsPage }).toEqual({ needsBrowser: false, needsPage: false });
  expect(jestArgs).toContain("tests/browser/");
});

it("what jest knows is passed on", () => {
  expect(selectTests(["--only", "e2e", "-t", "resume"]).jestArgs.slice(-2)).toEqual(["-t", "resume"]);
});

it("an unknown area is refused", () => {
  expect(() => selectTests(["--only", "everything"])).toThrow("unit, e2e, browser");
});
