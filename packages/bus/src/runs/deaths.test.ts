import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import type { Bus } from "../ports/bus.ts";
import type { RunLease } from "../ports/runs.ts";
import { appendTokens, busLab, COMPLETED, message } from "../test-lab/bus-lab.ts";

const lab = busLab();

/** A worker that claims, works and dies without a word. */
async function dyingWorker(id: string, work: (lease: RunLease, bus: Bus) => void | Promise<void>): Promise<RunLease> {
  const bus = lab.openBus();
  const leave = await bus.presence.join("worker", ["assistant"]);
  const claim = await bus.runs.claim(id, "assistant");
  if (claim.outcome !== "claimed") throw new Error(`claim was ${claim.outcome}`);
  const { lease } = claim;
  lease.append({ event: "attempt", mode: "supersede", step: 0, keep_offset: 0, cause: "takeover" });
  await work(lease, bus);
  await lease.flush();
  await leave();
  return lease;
}

async function accepted(bus: Bus): Promise<string> {
  const given = message(newUuid());
  await bus.conversations.accept(given);
  return given.envelope.conversation_id;
}
const deathsOf = async (id: string) => {
  const claim = await lab.openBus().runs.claim(id, "assistant");
  return claim.outcome === "claimed" ? claim.lease.run.deaths : claim;
};
const nothing = () => undefined;
const finishStep = (step: number) => (lease: RunLease) =>
  lease.append(
    { event: "step", step, text: "", text_sha256: "", finish_reason: "tool_calls" },
    { step: { step, text: "", calls: [], usage: COMPLETED.usage, created_at: "" } },
  );

describe("deaths of owners", () => {
  it("[deaths.counted] are counted in a row, and apart those of owners that had nothing else", async () => {
    const id = await accepted(lab.openBus());
    const other = await accepted(lab.openBus());
    await dyingWorker(id, nothing);
    await dyingWorker(id, nothing);
    const crowded = await dyingWorker(id, async (_lease, bus) => void (await bus.runs.claim(other, "assistant")));
    expect(crowded.run.deaths).toEqual({ inARow: 2, alone: 2 });
    expect(await deathsOf(id)).toEqual({ inARow: 3, alone: 2 });
  });

  it("[deaths.progress] begin anew with a finished step, and with more shown than ever before", async () => {
    const id = await accepted(lab.openBus());
    await dyingWorker(id, nothing);
    await dyingWorker(id, (lease) => appendTokens(10, lease));
    expect((await dyingWorker(id, (lease) => appendTokens(5, lease))).run.deaths).toEqual({ inARow: 0, alone: 0 });
    expect((await dyingWorker(id, nothing)).run.deaths).toEqual({ inARow: 1, alone: 0 });
    expect((await dyingWorker(id, finishStep(0))).run.deaths).toEqual({ inARow: 2, alone: 1 });
    expect(await deathsOf(id)).toEqual({ inARow: 0, alone: 0 });
  });

  it("are none where an owner gave its run up, or forgot a claim of its own", async () => {
    const bus = lab.openBus();
    const id = await accepted(bus);
    await dyingWorker(id, (lease) => lease.release());
    expect(await deathsOf(id)).toEqual({ inARow: 0, alone: 0 });
  });

  it("[deaths.suspect] hand a suspect out only to who takes one, and leave it untouched before", async () => {
    const bus = lab.openBus();
    const id = await accepted(bus);
    for (let death = 0; death < 2; death += 1) await dyingWorker(id, nothing);
    for (let look = 0; look < 3; look += 1)
      expect(await bus.runs.claim(id, "assistant", { mostDeaths: 1 })).toEqual({ outcome: "suspect", deaths: 2 });
    expect(await deathsOf(id)).toEqual({ inARow: 2, alone: 2 });
  });

  it("leave a run that may not be taken where it is", async () => {
    const bus = lab.openBus();
    const id = await accepted(bus);
    expect(await bus.runs.claim(id, "assistant", { take: "begun" })).toEqual({ outcome: "waiting", hasBegun: false });
    await dyingWorker(id, nothing);
    expect(await bus.runs.claim(id, "assistant", { take: "cancelled" })).toEqual({
      outcome: "waiting",
      hasBegun: true,
    });
    expect((await bus.runs.claim(id, "assistant", { take: "begun" })).outcome).toBe("claimed");
  });
});
