import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamTopic } from "@holdfast/protocol";
import type { Site } from "./site.ts";
import type { Talk } from "./talk.ts";

/** One line per conversation that does not end: who stands still, its users, its run, or its reader. */
export async function whereStuck(site: Site, talks: readonly Talk[]): Promise<string[]> {
  const rows: string[] = [];
  const logs: Record<string, unknown> = {};
  for (const talk of talks) {
    const entries = await site.eyes.entries(streamTopic(talk.id));
    const owner = (await site.eyes.ownerOf(talk.id)) ?? "nobody";
    const last = entries.at(-1) ?? ["nothing", ""];
    const readers = talk.tails.map(({ reader, gateway }) => `at ${reader.cursor} of ${gateway}`).join(", ");
    rows.push(
      `${talk.id}: ${talk.acceptedRuns.size} of ${talk.turns.length} accepted; its log ends ${last.join(" ").slice(0, 300)}; owned by ${owner}; read ${readers}`,
    );
    logs[talk.id] = entries;
  }
  const services = site.stack.services.map(({ pid, logs: lines, output }) => ({ pid, lines, output }));
  const path = join(mkdtempSync(join(tmpdir(), "holdfast-stuck-")), "evidence.json");
  writeFileSync(path, JSON.stringify({ leftovers: await site.eyes.leftovers(), logs, services }, null, 1));
  return [...rows, `logs of conversations and services: ${path}`];
}
