import { expect, it } from "@jest/globals";
import { ProgressOutput } from "./progress-output.ts";

it("[mcp.progress] shows a storm of progress in few pieces and bounded length, and all of a little", () => {
  const pieces: string[] = [];
  const few = new ProgressOutput((_stream, text) => pieces.push(text));
  few.add("one");
  few.add(undefined);
  few.add("two");
  few.finish();
  expect(pieces).toEqual(["one\ntwo\n"]);

  pieces.length = 0;
  const many = new ProgressOutput((_stream, text) => pieces.push(text));
  for (let step = 0; step < 100_000; step += 1) many.add(`step ${step} ${"x".repeat(1000)}`);
  many.finish();
  expect(pieces).toHaveLength(1);
  expect(pieces[0]?.length).toBeLessThan(51_000);
  expect(pieces[0]).toMatch(/^step 0 x+\nstep 1 /);
  expect(pieces[0]).toMatch(/\n\[… more progress left out\]\n$/);
});
