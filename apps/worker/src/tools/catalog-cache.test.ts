import type { CatalogToolset } from "@holdfast/bus";
import { expect, it } from "@jest/globals";
import { CatalogCache } from "./catalog-cache.ts";
import { mayOffer } from "./toolbox.ts";

/** A catalog whose server leaves `starting` at the third look. */
function startingCatalog(looksUntilReady: number): { cache: CatalogCache; looks: () => number } {
  let looks = 0;
  const read = async (): Promise<CatalogToolset[]> => {
    looks += 1;
    return [{ toolset: "files", state: looks < looksUntilReady ? "starting" : "ready", tools: [] }];
  };
  return { cache: new CatalogCache({ read }), looks: () => looks };
}
const never = new AbortController().signal;

it("waits for a wanted server that is starting", async () => {
  const { cache } = startingCatalog(3);
  expect(await cache.settled(() => true, never)).toMatchObject([{ state: "ready" }]);
});

it("does not wait for a server that the agent does not use", async () => {
  const { cache, looks } = startingCatalog(3);
  expect(await cache.settled((toolset) => mayOffer(["terminal"], toolset), never)).toMatchObject([
    { state: "starting" },
  ]);
  expect(looks()).toBe(1);
});

it("gives a server that never comes up its patience once, not at every run", async () => {
  const { cache } = startingCatalog(Number.POSITIVE_INFINITY);
  await cache.settled(() => true, never);
  const before = performance.now();
  await cache.settled(() => true, never);
  expect(performance.now() - before).toBeLessThan(1_000);
});

it("stops waiting when the run is stopped", async () => {
  const { cache } = startingCatalog(Number.POSITIVE_INFINITY);
  await expect(cache.settled(() => true, AbortSignal.timeout(50))).rejects.toThrow("aborted");
});

it("still offers for a while what vanished, for Redis may have been out of reach of its runner", async () => {
  let nowMs = 0;
  let offered: CatalogToolset[] = [
    { toolset: "files", state: "ready", tools: [] },
    { toolset: "web", state: "ready", tools: [] },
  ];
  const cache = new CatalogCache({ read: async () => offered }, () => nowMs);
  const names = async (atMs: number) => {
    nowMs = atMs;
    return (await cache.current()).map(({ toolset }) => toolset).toSorted();
  };
  expect(await names(0)).toEqual(["files", "web"]);
  offered = [{ toolset: "web", state: "ready", tools: [] }];
  // A long time without any look says nothing about who was there.
  expect(await names(100_000)).toEqual(["files", "web"]);
  expect(await names(114_000)).toEqual(["files", "web"]);
  expect(await names(116_000)).toEqual(["web"]);
});
