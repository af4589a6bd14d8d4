import { expect, it } from "@jest/globals";
import { Turnstile } from "./turnstile.ts";

it("lets only so many through at once, in order, and goes on after a failure", async () => {
  const turnstile = new Turnstile(2);
  const begun: number[] = [];
  const finish: (() => void)[] = [];
  const work = (n: number) =>
    turnstile.run(async () => {
      begun.push(n);
      await new Promise<void>((resolve) => (finish[n] = resolve));
      if (n === 0) throw new Error("failed");
      return n;
    });
  const all = Promise.allSettled([0, 1, 2, 3].map(work));
  expect(begun).toEqual([0, 1]);
  finish[0]?.();
  await new Promise(setImmediate);
  expect(begun).toEqual([0, 1, 2]);
  finish[1]?.();
  await new Promise(setImmediate);
  finish[2]?.();
  finish[3]?.();
  expect((await all).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
});
