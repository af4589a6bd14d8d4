/**
 * Tries the attack suite on this machine, at every tier that it offers or at those named as arguments, and says what was
 * stopped; then runs a thousand commands and says what they have left behind and what a start costs: `node --conditions=source src/prove.ts [T2 …]`, in the
 * image `node dist/prove.js`. The attacks hit only what the suite itself puts up. Exit code 1 where a tier does not do exactly what is promised of it, 69 where it cannot be had.
 */
import { hostEnvironment } from "./terminal/config.ts";
import { costOf } from "./terminal/proof/cost.ts";
import { leaksOf } from "./terminal/proof/leaks.ts";
import { CARELESS_POLICY, judge } from "./terminal/proof/suite.ts";
import { prepare } from "./terminal/setup.ts";
import { TIERS, type Tier } from "./terminal/tier.ts";

const EX_UNAVAILABLE = 69;
const COMMANDS = 1_000;
/** A user whose processes nobody else has. */
const PROOF_UID = 61_000 + (process.pid % 1_000);

const named = process.argv.slice(2);
for (const tier of TIERS.filter((known) => named.length === 0 || named.includes(known))) await prove(tier);

async function prove(tier: Tier): Promise<void> {
  const { setup, verdicts } = await prepare({
    policy: CARELESS_POLICY,
    tier,
    toolUid: process.getuid?.() === 0 ? PROOF_UID : undefined,
    hostEnvironment: hostEnvironment(),
    warn: print,
  });
  if (setup === null) {
    const verdict = verdicts[tier];
    print(`${tier}: not available: ${"reason" in verdict ? verdict.reason : ""}`);
    if (named.length > 0) process.exitCode = EX_UNAVAILABLE;
    return;
  }
  const { tried, stopped, untried, surprises } = await judge(setup);
  const leaks = await leaksOf(COMMANDS, setup);
  const { processorMs, waitMs } = await costOf(setup);
  await setup.homes.close();
  print(`${tier}: stopped ${stopped} of ${tried} attacks; ${untried.length} cannot be tried here`);
  for (const surprise of surprises) print(`  NOT AS PROMISED: ${surprise}`);
  print(`${tier}: ${COMMANDS} commands have left behind: ${leaks.join("; ") || "nothing"}`);
  print(`${tier}: a start takes ${processorMs.toFixed(1)} ms of processor and ${waitMs.toFixed(1)} ms in all`);
  if (surprises.length + leaks.length > 0) process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
