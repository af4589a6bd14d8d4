import { startBull } from "./bull.ts";
import { startDirect } from "./direct.ts";
import { startHoldfast } from "./holdfast.ts";
import { startNaive } from "./naive.ts";
import type { RunningSystem, Setup } from "./system.ts";

/** Resolves when it serves. */
export function startSystem({ system, workers }: Setup, modelUrl: string): Promise<RunningSystem> {
  switch (system) {
    case "direct":
      return startDirect(modelUrl);
    case "naive":
      return startNaive(modelUrl);
    case "bull":
      return startBull(modelUrl, workers);
    case "holdfast":
      return startHoldfast(modelUrl, workers);
  }
}
