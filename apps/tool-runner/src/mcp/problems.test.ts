import { expect, it } from "@jest/globals";
import { Problems } from "./problems.ts";

it("tells the first three problems and how many more there are", () => {
  const problems = new Problems();
  expect(problems.summary).toBeUndefined();
  for (const name of ["a", "b", "c"]) problems.add(`${name} was dropped`);
  expect(problems.summary).toBe("a was dropped; b was dropped; c was dropped");
  for (let count = 0; count < 100_000; count += 1) problems.add("x".repeat(1000));
  expect(problems.summary).toBe("a was dropped; b was dropped; c was dropped; and 100000 more");
});
