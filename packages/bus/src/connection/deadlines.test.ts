import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { Deadlines } from "./deadlines.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const never = (): Promise<never> => new Promise(() => undefined);
const late = (): Error => new Error("late");

it("refuses each answer that is late when its own time is up, with one timer for all", async () => {
  const deadlines = new Deadlines(100);
  const refused: string[] = [];
  const ask = (name: string): void => void deadlines.within(never(), late).catch(() => refused.push(name));
  ask("first");
  await jest.advanceTimersByTimeAsync(60);
  ask("second");
  expect(jest.getTimerCount()).toBe(1);
  await jest.advanceTimersByTimeAsync(40);
  expect(refused).toEqual(["first"]);
  await jest.advanceTimersByTimeAsync(59);
  expect(refused).toEqual(["first"]);
  await jest.advanceTimersByTimeAsync(1);
  expect(refused).toEqual(["first", "second"]);
  expect(jest.getTimerCount()).toBe(0);
});

it("hands on what comes in time, an error too, and begins anew after a quiet time", async () => {
  const deadlines = new Deadlines(100);
  await expect(deadlines.within(Promise.resolve("answer"), late)).resolves.toBe("answer");
  await expect(deadlines.within(Promise.reject(new Error("refused")), late)).rejects.toThrow("refused");
  await jest.advanceTimersByTimeAsync(1_000);
  const again = deadlines.within(never(), late).catch(String);
  await jest.advanceTimersByTimeAsync(100);
  expect(await again).toBe("Error: late");
});
