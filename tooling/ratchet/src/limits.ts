/**
 * The limits of the code base, which only ever fall: limits.json names them once, .oxlintrc.json must use the same numbers,
 * and no number may be above the one of any earlier commit.
 */
import { git, readText } from "./checkout.ts";

const LIMITS_FILE = "tooling/ratchet/src/limits.json";
export type Limits = Readonly<Record<string, number>>;

export const currentLimits = (): Limits => JSON.parse(readText(LIMITS_FILE)) as Limits;

/** The limits of every earlier commit; none where the history is not there (an unpacked archive). */
export function earlierLimits(): Limits[] {
  try {
    const commits = git("log", "--format=%H", "--", LIMITS_FILE).split("\n").filter(Boolean);
    return commits.map((commit) => JSON.parse(git("show", `${commit}:${LIMITS_FILE}`)) as Limits);
  } catch {
    return [];
  }
}

/** One sentence for each limit that was raised or dropped. */
export function raisedLimits(current: Limits, earlier: readonly Limits[]): string[] {
  return earlier.flatMap((before) =>
    Object.entries(before)
      .filter(([name, limit]) => (current[name] ?? Infinity) > limit)
      .map(([name, limit]) => `${name} was ${limit} and is ${current[name] ?? "gone"}`),
  );
}
