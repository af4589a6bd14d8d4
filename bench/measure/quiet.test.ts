import { expect, it } from "@jest/globals";
import { quietMachine } from "./quiet.ts";

/** Looks of 100 ms; of each pair of readings, ticks of 10 ms that others used or the host took. */
function machine(...used: readonly { readonly busy?: number; readonly stolen?: number }[]) {
  let [reads, busy, stolen] = [0, 0, 0];
  const read = () => {
    const now = reads % 2 === 1 ? used[Math.min((reads - 1) / 2, used.length - 1)] : undefined;
    reads += 1;
    busy += now?.busy ?? 0;
    stolen += now?.stolen ?? 0;
    return { busy, stolen };
  };
  return { read, looks: () => reads / 2 };
}

it("waits while others work, or the host takes the processors away", async () => {
  const { read, looks } = machine({ busy: 5 }, { stolen: 8 }, { busy: 2 });
  expect(await quietMachine({ read, lookMs: 100, mostWaitMs: 5_000 })).toBe(true);
  expect(looks()).toBe(3);
});

it("does not wait for ever", async () => {
  expect(await quietMachine({ read: machine({ busy: 9 }).read, lookMs: 100, mostWaitMs: 250 })).toBe(false);
});
