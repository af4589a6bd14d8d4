import type { Claim, Entry, RunLease, Runs, Takeable } from "@holdfast/bus";
import type { Stay, Ward } from "./ward.ts";

export type Admitted =
  | { readonly outcome: "claimed"; readonly lease: RunLease; readonly stay: Stay }
  | Exclude<Claim, { outcome: "claimed" | "suspect" }>
  /** `signal` aborted before anything was claimed. */
  | { readonly outcome: "stopped" };

const LOOK_MS = 50;

interface Wanted {
  readonly conversationId: string;
  readonly agent: string;
  readonly take: Takeable;
  readonly entry?: Entry;
}

/**
 * Claims a run when the ward lets it begin beside those that are here. A suspect belongs to nobody while it waits: what
 * kills us meanwhile is not counted against it.
 */
export async function admit(ward: Ward, runs: Runs, wanted: Wanted, signal: AbortSignal): Promise<Admitted> {
  const { conversationId, agent, ...options } = wanted;
  for (let deaths = 0; ; ) {
    const stay = await ward.enter(deaths, signal);
    if (stay === undefined) return { outcome: "stopped" };
    let claim: Claim | undefined;
    try {
      claim = await runs.claim(conversationId, agent, { ...options, mostDeaths: deaths });
    } finally {
      if (claim?.outcome !== "claimed") stay.leave();
    }
    if (claim.outcome === "claimed") return { ...claim, stay: deaths === 0 ? stay : watched(stay, claim.lease) };
    if (claim.outcome !== "suspect") return claim;
    deaths = claim.deaths;
  }
}

/** A suspect that says something is set apart no longer. */
function watched(stay: Stay, lease: RunLease): Stay {
  const watch = setInterval(() => {
    if (!lease.hasShown) return;
    clearInterval(watch);
    stay.prove();
  }, LOOK_MS).unref();
  return {
    ...stay,
    leave() {
      clearInterval(watch);
      stay.leave();
    },
  };
}
