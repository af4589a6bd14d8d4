import { expect, it } from "@jest/globals";
import { Ledger } from "./ledger.ts";

function after(expected: number, tokens: readonly number[]): Ledger {
  const ledger = new Ledger(expected);
  for (const token of tokens) ledger.take(token);
  return ledger;
}

it("an answer that came whole lost and repeated nothing", () => {
  expect(after(4, [0, 1, 2, 3])).toMatchObject({ lost: 0, duplicated: 0, isWhole: true });
});

it("what never came is lost, at the end and in the middle", () => {
  expect(after(6, [0, 1, 4])).toMatchObject({ lost: 3, isWhole: false });
});

it("what comes again without a word is a duplicate", () => {
  expect(after(4, [0, 1, 0, 1, 2, 3])).toMatchObject({ lost: 0, duplicated: 2 });
});

it("what was taken back may come again", () => {
  const ledger = after(3, [0, 1]);
  ledger.withdraw(0);
  for (const token of [0, 1, 2]) ledger.take(token);
  expect(ledger).toMatchObject({ lost: 0, duplicated: 0, withdrawn: 2 });
});

it("what was taken back and never came again is lost", () => {
  const ledger = after(3, [0, 1, 2]);
  ledger.withdraw(1);
  expect(ledger.lost).toBe(2);
});
