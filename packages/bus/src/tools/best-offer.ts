import type { CatalogToolset } from "../ports/tool-calls.ts";

/** What one tool-runner offers of a toolset. */
export interface Offer {
  readonly toolset: CatalogToolset;
  /** Since when it offers the same, unix ms. */
  readonly sinceMs: number;
}

/** The further left, the better is a run served. A runner in a state that is not named here comes last. */
const BEST_FIRST: readonly string[] = ["ready", "degraded", "starting", "idle", "backoff", "auth_required", "failed"];

/**
 * Which of several runners' offers of the same toolset stands: where one has it ready, another that only starts it, or whose
 * server fails, takes nothing away. Among equals the definitions that came last stand: those of the newer release.
 */
export function bestOffer(offers: readonly Offer[]): CatalogToolset | undefined {
  const rank = ({ toolset: { state } }: Offer) =>
    BEST_FIRST.includes(state) ? BEST_FIRST.indexOf(state) : BEST_FIRST.length;
  return offers.toSorted((one, other) => rank(one) - rank(other) || other.sinceMs - one.sinceMs)[0]?.toolset;
}
