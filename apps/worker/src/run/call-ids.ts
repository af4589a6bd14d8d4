import type { JournalCall } from "@holdfast/bus";
import type { RunProgress } from "./run-progress.ts";

/**
 * Gives every call of a step an id that is unique in the run (protocol §1). The model's own id is kept where it can be;
 * some servers send none, or the same one again in every step.
 */
export function withUniqueIds(calls: readonly JournalCall[], progress: RunProgress): JournalCall[] {
  const taken = new Set<string>();
  const isTaken = (id: string) => id === "" || taken.has(id) || progress.hasCall(id);
  return calls.map((call, index) => {
    let id = call.id;
    for (let turn = 0; isTaken(id); turn += 1) id = `call_${progress.nextStep}_${index}${turn === 0 ? "" : `_${turn}`}`;
    taken.add(id);
    return { ...call, id };
  });
}
