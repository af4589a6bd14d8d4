/**
 * How much of the machine a tool can reach, from least to most contained.
 * T0: the rules of this folder alone. T1: also a uid of its own, rlimits and no_new_privs.
 * T2: also Landlock and seccomp. T3: bubblewrap with seccomp.
 */
export const TIERS = ["T0", "T1", "T2", "T3"] as const;
export type Tier = (typeof TIERS)[number];

export function isAtLeast(tier: Tier, wanted: Tier): boolean {
  return TIERS.indexOf(tier) >= TIERS.indexOf(wanted);
}
