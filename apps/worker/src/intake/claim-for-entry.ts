import type { Entry, WorkQueue } from "@holdfast/bus";
import type { Admitted } from "./admission.ts";

/**
 * Claims the next turn for an entry. An entry that was taken over while another worker has the run is that one's: it only
 * seemed dead, maybe to somebody before us. It is given to it, because whoever acknowledged it here would leave the run alone
 * with its owner's next death. Where the run is worked on in this process, the entry it is worked on for is here as well.
 */
export async function claimForEntry(
  entry: Entry,
  queue: WorkQueue,
  claim: () => Promise<Admitted>,
): Promise<Admitted | { readonly outcome: "given_away" }> {
  for (;;) {
    const first = await claim();
    if (first.outcome !== "held" || entry.reclaimedFrom === undefined || first.owner === queue.consumer) return first;
    const { owner } = first;
    await queue.giveTo(entry, owner);
    // An owner that came to its end before it had the entry could not acknowledge it.
    const second = await claim();
    if (second.outcome === "held" && second.owner === owner) return { outcome: "given_away" };
    // A run may be ours by now, which nothing may keep us from. At worst the entry is found again, with nothing left to do.
    await queue.takeBack(entry, owner).catch(() => undefined);
    if (second.outcome !== "held") return second;
  }
}
