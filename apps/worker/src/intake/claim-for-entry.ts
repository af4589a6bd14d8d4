import type { Entry, WorkQueue } from "@holdfast/bus";
import type { Admitted } from "./admission.ts";

/**
 * Claims the next turn for an entry. Where the entry was taken from a worker that only seemed dead and works on, it is given
 * back: it answers for that worker's run, and who acknowledged it here would leave the run alone with its owner's next death.
 */
export async function claimForEntry(
  entry: Entry,
  queue: WorkQueue,
  claim: () => Promise<Admitted>,
): Promise<Admitted | { readonly outcome: "given_back" }> {
  const isOwners = (claimed: Admitted) => claimed.outcome === "held" && claimed.owner === entry.reclaimedFrom;
  const first = await claim();
  if (!isOwners(first)) return first;
  await queue.giveBack(entry);
  // An owner that came to its end before it had its entry back could not acknowledge it.
  const second = await claim();
  if (isOwners(second)) return { outcome: "given_back" };
  // A run may be ours by now, which nothing may keep us from. At worst the entry is found again, with nothing left to do.
  await queue.takeBack(entry).catch(() => undefined);
  return second;
}
