/**
 * `pnpm conformance [revision] [scenario …]`: what the revisions of the protocol require of a client, or only what is named.
 * Exit code 1 where something does not pass.
 */
import { requiredScenarios, REVISIONS, runScenario } from "./suite.ts";

const named = process.argv.slice(2);
const revisions = REVISIONS.filter((revision) => named.includes(revision));
const scenarios = named.filter((name) => !REVISIONS.some((revision) => revision === name));

for (const revision of revisions.length > 0 ? revisions : REVISIONS) {
  const asked = scenarios.length > 0 ? scenarios : requiredScenarios(revision);
  let passed = 0;
  for (const scenario of asked) {
    const { isPassed, report } = await runScenario(revision, scenario);
    if (isPassed) passed += 1;
    else print(`NOT PASSED: ${scenario} (${revision})\n${report}`);
  }
  print(`${revision}: ${passed} of ${asked.length} scenarios passed`);
  if (passed < asked.length) process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
