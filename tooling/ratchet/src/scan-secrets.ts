/** `pnpm secrets [file …]`: fails when a file holds what looks like a secret and is not in the baseline. */
import { BASELINE_FILE, judge, knownFindings, scan } from "./secret-findings.ts";

const files = process.argv.slice(2);
const { fresh, stale } = judge(scan(files.length > 0 ? files : undefined), knownFindings(), files.length === 0);
for (const finding of fresh) console.error(`${finding.file}: ${finding.rule}\n  record: ${JSON.stringify(finding)}`);
if (fresh.length > 0) {
  console.error(`Take the secret out and revoke it. A made-up one is recorded in ${BASELINE_FILE} with a "reason".`);
}
for (const record of stale)
  console.error(`${BASELINE_FILE}: ${record.file} no longer holds this finding; remove the record`);
process.exit(fresh.length + stale.length > 0 ? 1 : 0);
