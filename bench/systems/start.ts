import { startBull } from "./bull.ts";
import { startDirect } from "./direct.ts";
import { startHoldfast } from "./holdfast.ts";
import { startNaive } from "./naive.ts";
import type { RunningSystem, Setup } from "./system.ts";

/** Resolves when it serves. */
export function startSystem(setup: Setup, modelUrl: string): Promise<RunningSystem> {
  switch (setup.system) {
    case "direct":
      return startDirect(modelUrl);
    case "naive":
      return startNaive(modelUrl, setup);
    case "bull":
      return startBull(modelUrl, setup);
    case "holdfast":
      return startHoldfast(modelUrl, setup);
  }
}
