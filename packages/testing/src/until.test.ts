import { expect, it } from "@jest/globals";
import { until } from "./until.ts";

it("returns what the condition returned once that is truthy", async () => {
  let looks = 0;
  expect(await until(() => (++looks < 3 ? undefined : "there"), { intervalMs: 1 })).toBe("there");
  expect(looks).toBe(3);
});

it("looks again after a condition that threw", async () => {
  let looks = 0;
  await until(
    () => {
      looks += 1;
      if (looks < 3) throw new Error("not yet");
      return true;
    },
    { intervalMs: 1 },
  );
  expect(looks).toBe(3);
});

it("gives up with what was awaited and the last error as cause", async () => {
  const cause = new Error("still closed");
  const failing = until(
    () => {
      throw cause;
    },
    { timeoutMs: 20, what: "the door opens" },
  );
  await expect(failing).rejects.toMatchObject({ message: "not true within 20 ms: the door opens", cause });
});
