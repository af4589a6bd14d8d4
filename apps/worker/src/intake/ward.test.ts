import { until } from "@holdfast/testing";
import { describe, expect, it } from "@jest/globals";
import { type Stay, Ward } from "./ward.ts";

const never = new AbortController().signal;
const LONG_MS = 60_000;

/** Enters, and says whether it was let in. */
function enter(ward: Ward, deaths: number, signal = never) {
  const visit: { stay?: Stay | undefined; isSettled: boolean } = { isSettled: false };
  void ward.enter(deaths, signal).then((stay) => Object.assign(visit, { stay, isSettled: true }));
  return visit;
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const isIn = ({ stay }: { stay?: Stay | undefined }) => stay !== undefined;

describe("the ward", () => {
  it("holds nobody up while nobody died", async () => {
    const ward = new Ward();
    const visits = Array.from({ length: 300 }, () => enter(ward, 0));
    await turn();
    expect(visits.every(isIn)).toBe(true);
  });

  it("lets a run that killed three times begin alone, and nobody beside it until it has ended", async () => {
    const ward = new Ward({ isolationMs: LONG_MS, patienceMs: LONG_MS });
    const healthy = enter(ward, 0);
    const suspect = enter(ward, 3);
    const later = enter(ward, 0);
    await turn();
    expect([healthy, suspect, later].map(isIn)).toEqual([true, false, false]);
    healthy.stay?.leave();
    await turn();
    expect([suspect, later].map(isIn)).toEqual([true, false]);
    suspect.stay?.leave();
    await turn();
    expect(isIn(later)).toBe(true);
  });

  it("lets 64 runs that killed once begin together, and 8 that killed twice, beside those that killed nobody", async () => {
    const ward = new Ward({ isolationMs: LONG_MS, patienceMs: LONG_MS });
    const suspects = Array.from({ length: 70 }, () => enter(ward, 1));
    const healthy = enter(ward, 0);
    await turn();
    expect(suspects.filter(isIn)).toHaveLength(64);
    expect(isIn(healthy)).toBe(true);
    suspects[0]?.stay?.leave();
    await turn();
    expect(suspects.filter(isIn)).toHaveLength(65);
    const other = new Ward({ isolationMs: LONG_MS, patienceMs: LONG_MS });
    const worse = Array.from({ length: 10 }, () => enter(other, 2));
    const better = enter(other, 1);
    await turn();
    expect(worse.filter(isIn)).toHaveLength(8);
    expect(isIn(better)).toBe(false);
  });

  it("sets nobody apart any more who shows that it goes well", async () => {
    const ward = new Ward({ isolationMs: LONG_MS, patienceMs: LONG_MS });
    const suspect = enter(ward, 3);
    const later = enter(ward, 0);
    await turn();
    expect(isIn(later)).toBe(false);
    suspect.stay?.prove();
    await turn();
    expect(isIn(later)).toBe(true);
    suspect.stay?.leave();
  });

  it("ends isolation after its time, and lets nobody wait for ever to be alone", async () => {
    const ward = new Ward({ isolationMs: 30, patienceMs: 30 });
    const first = enter(ward, 3);
    const second = enter(ward, 3);
    const healthy = enter(ward, 0);
    await turn();
    expect([first, second, healthy].map(isIn)).toEqual([true, false, false]);
    await until(() => isIn(second) && isIn(healthy));
  });

  it("lets go of who is told to stop, and of those behind", async () => {
    const ward = new Ward({ isolationMs: LONG_MS, patienceMs: LONG_MS });
    enter(ward, 0);
    const stop = new AbortController();
    const suspect = enter(ward, 3, stop.signal);
    const later = enter(ward, 0);
    await turn();
    expect(isIn(later)).toBe(false);
    stop.abort();
    await turn();
    expect([suspect.isSettled, isIn(suspect), isIn(later)]).toEqual([true, false, true]);
  });
});
