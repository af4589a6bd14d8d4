import { expect, it } from "@jest/globals";
import { selectTests } from "./selection.ts";

it("everything runs unless something is chosen, and what is held to bounds in time runs last and alone", () => {
  const { rounds, ...needs } = selectTests([]);
  expect(needs).toEqual({ needsBrowser: true, needsPage: true });
  expect(rounds).toHaveLength(2);
  expect(rounds[0]).toEqual(expect.arrayContaining(["--testPathIgnorePatterns", "tests/(chaos|trouble)/"]));
  expect(rounds[1]).toEqual(expect.arrayContaining(["--runInBand", "--testPathPatterns", "tests/(chaos|trouble)/"]));
});

it("unit tests need neither page nor browser, and leave out all other areas", () => {
  const { rounds, needsBrowser, needsPage } = selectTests(["--only", "unit"]);
  expect({ needsBrowser, needsPage }).toEqual({ needsBrowser: false, needsPage: false });
  expect(rounds).toHaveLength(1);
  for (const area of ["tests/browser/", "tests/(e2e|process)/", "tests/(chaos|trouble)/"])
    expect(rounds[0]).toContain(area);
});

it("what jest knows is passed on to every run", () => {
  const { rounds } = selectTests(["--only", "e2e", "-t", "resume"]);
  expect(rounds.map((round) => round.slice(-2))).toEqual([
    ["-t", "resume"],
    ["-t", "resume"],
  ]);
});

it("files that are named are all that runs", () => {
  expect(selectTests(["tests/trouble"]).rounds).toEqual([["tests/trouble"]]);
});

it("an unknown area is refused", () => {
  expect(() => selectTests(["--only", "everything"])).toThrow("unit, e2e, browser");
});
