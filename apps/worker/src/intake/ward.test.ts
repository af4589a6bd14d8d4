import { until } from "@holdfast/testing";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
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

describe("the ward of a worker that takes over very many at once, of which none shows anything", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const enterMany = (ward: Ward, count: number, deaths: number) =>
    Array.from({ length: count }, () => enter(ward, deaths));
  /** How many are in so long after the start of the test. */
  const inAt = async (atMs: number, visits: ReturnType<typeof enter>[]) => {
    await jest.advanceTimersByTimeAsync(atMs - jest.now() + startMs);
    return visits.filter(isIn).length;
  };
  let startMs = 0;
  beforeEach(() => {
    startMs = jest.now();
  });

  it("lets those whose owners died less than three times wait for four seconds at most", async () => {
    const ward = new Ward();
    const suspects = enterMany(ward, 40, 3);
    const others = [0, 1, 2].flatMap((deaths) => enterMany(ward, 10, deaths));
    expect(await inAt(1_900, [...suspects, ...others])).toBe(1);
    expect(await inAt(4_000, others)).toBe(30);
  });

  it("lets eight that killed three times begin together once they have waited", async () => {
    const ward = new Ward();
    const suspects = enterMany(ward, 40, 3);
    expect(await inAt(1_900, suspects)).toBe(1);
    expect(await inAt(2_000, suspects)).toBe(9);
    expect(await inAt(3_900, suspects)).toBe(9);
    expect(await inAt(4_000, suspects)).toBe(17);
    expect(await inAt(10_000, suspects)).toBe(40);
  });

  it("tries first, and for longer one by one, those that killed more often", async () => {
    const ward = new Ward();
    const lesser = enterMany(ward, 20, 3);
    const worse = enterMany(ward, 10, 6);
    expect(await inAt(2_000, lesser)).toBe(9);
    lesser[5]?.stay?.prove();
    for (const [index] of worse.slice(0, 6).entries())
      expect(await inAt(4_000 + 2_000 * index, [...lesser, ...worse])).toBe(9 + index + 1);
    expect(await inAt(15_900, worse)).toBe(6);
    expect(await inAt(16_000, worse)).toBe(10);
    expect(await inAt(18_000, lesser)).toBe(20);
  });
});
