import type { Entry, WorkQueue } from "@holdfast/bus";
import type { Admitted } from "./admission.ts";

/**
 * Claims the next turn for an entry. Where the entry was taken from a worker that only seemed dead and works on, it is given
 * back: it answers for that worker's run, and who acknowledged it here would leave the run alone with its owner's next death.
 * The same where nobody knows whom it was taken from. One that was somebody else's has no owner to answer for.
 */
export async function claimForEntry(
  entry: Entry,
  queue: WorkQueue,
  claim: () => Promise<Admitted>,
): Promise<Admitted | { readonly outcome: "given_away" }> {
  const isOwners = (owner: string): boolean =>
    owner !== queue.consumer && (entry.reclaimedFrom === owner || entry.reclaimedFrom === queue.consumer);
  for (;;) {
    const first = await claim();
    if (first.outcome !== "held" || !isOwners(first.owner)) return first;
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
