import { afterEach, expect, it, jest } from "@jest/globals";
import { newUuid, streamTopic } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { Commands } from "../connection/commands.ts";
import { metaKey, runKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import { BusUnavailable, Fenced } from "../ports/errors.ts";
import type { RunLease } from "../ports/runs.ts";
import { appendTokens, busLab, claimed, COMPLETED, message } from "../test-lab/bus-lab.ts";

const lab = busLab();
afterEach(() => void jest.restoreAllMocks());

/** Runs that have written already, so that what they need of Redis is known. */
async function running(bus: Bus, count: number): Promise<RunLease[]> {
  const begin = async (): Promise<RunLease> => {
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    await lease.beginStep(0);
    return lease;
  };
  return Promise.all(Array.from({ length: count }, begin));
}

const tokensOf = async ({ run }: RunLease): Promise<number[]> =>
  (await lab.events(run.conversationId)).flatMap((event) => (event.event === "token" ? [event.index] : []));

const callsOf = (script: { mock: { calls: [string, ...unknown[]][] } }): string[] =>
  script.mock.calls.map(([name]) => name);

it("[append.shared] what many runs say leaves in few calls, each run's whole and in order", async () => {
  const leases = await running(lab.openBus(), 70);
  const script = jest.spyOn(Commands.prototype, "script");
  for (const lease of leases) appendTokens(2, lease);
  await Promise.all(leases.map((lease) => lease.flush()));
  expect(callsOf(script)).toEqual(["append-together-n", "append-together-n"]);
  for (const lease of leases) expect(await tokensOf(lease)).toEqual([0, 1]);
  for (const lease of leases) appendTokens(1, lease, 2);
  await Promise.all(leases.map((lease) => lease.finish(COMPLETED)));
  for (const lease of leases) expect(await tokensOf(lease)).toEqual([0, 1, 2]);
});

it("[append.each-alone] a run that was lost, or whose log cannot be written, takes nothing from the others", async () => {
  const leases = await running(lab.openBus(), 4);
  const [one, lost, broken, other] = leases as [RunLease, RunLease, RunLease, RunLease];
  await lab.raw.hset(metaKey(lost.run.conversationId), "fence", "1.99");
  await lab.raw.set(streamTopic(broken.run.conversationId), "no log");
  const script = jest.spyOn(Commands.prototype, "script");
  for (const lease of leases) appendTokens(2, lease);
  const outcomes = await Promise.allSettled(leases.map((lease) => lease.flush()));
  expect(outcomes).toMatchObject([
    { status: "fulfilled" },
    { status: "rejected", reason: expect.any(Fenced) },
    { status: "rejected", reason: { message: expect.stringContaining("WRONGTYPE") } },
    { status: "fulfilled" },
  ]);
  // Only the two had to ask by themselves.
  expect(callsOf(script).toSorted()).toEqual(["append-3", "append-3", "append-together-n"]);
  expect([await tokensOf(one), await tokensOf(lost), await tokensOf(other)]).toEqual([[0, 1], [], [0, 1]]);
  expect([one.signal.aborted, lost.signal.aborted, other.signal.aborted]).toEqual([false, true, false]);
});

it("[append.renumber-alone] a log that has to be renumbered is renumbered in a call of its own", async () => {
  const leases = await running(lab.openBus(), 3);
  const [first] = leases as [RunLease];
  await lab.raw.hset(metaKey(first.run.conversationId), "lineage", "before");
  const script = jest.spyOn(Commands.prototype, "script");
  for (const round of [0, 1]) {
    for (const lease of leases) appendTokens(2, lease, 2 * round);
    await Promise.all(leases.map((lease) => lease.flush()));
  }
  expect(callsOf(script)).toEqual(["append-together-n", "append-3", "append-together-n"]);
  for (const lease of leases) expect(await tokensOf(lease)).toEqual([0, 1, 2, 3]);
  const entries = await lab.raw.xrange(streamTopic(first.run.conversationId), "-", "+");
  expect(new Set(entries.map(([id]) => id.split("-")[0])).size).toBe(1);
});

it("[append.lost-reply] a call that was lost, or its answer, is asked again by each run, and writes nothing twice", async () => {
  const leases = await running(lab.openBus(), 3);
  const sent = Commands.prototype.script;
  let isSent = false;
  jest.spyOn(Commands.prototype, "script").mockImplementation(async function (this: Commands, name, keys, args) {
    if (name !== "append-together-n") return sent.call(this, name, keys, args);
    if (isSent) await sent.call(this, name, keys, args);
    throw new BusUnavailable("the connection broke");
  });
  for (const round of [0, 1]) {
    isSent = round === 1;
    for (const lease of leases) appendTokens(2, lease, 2 * round);
    await Promise.all(leases.map((lease) => lease.flush()));
  }
  for (const lease of leases) expect(await tokensOf(lease)).toEqual([0, 1, 2, 3]);
});

it("[append.shared-cancel] a cancel is noticed with the next thing that is said", async () => {
  const bus = lab.openBus();
  const [lease] = (await running(bus, 1)) as [RunLease];
  await bus.conversations.cancelRun(lease.run.id, "user:ann");
  appendTokens(1, lease);
  await lease.flush();
  expect(lease.signal.reason).toBe("cancelled");
});

it("sees a cancel that only the run's own record tells of, as services of the version before leave it", async () => {
  const [lease] = (await running(lab.openBus(), 1)) as [RunLease];
  await lab.raw.hset(runKey(lease.run.conversationId, lease.run.id), "cancel", "user:ann");
  await until(() => lease.signal.aborted);
  expect(lease.signal.reason).toBe("cancelled");
});

it("[run.failed-write] a run whose write failed is given up all the same, and its failure is counted", async () => {
  const [lease] = (await running(lab.openBus(), 1)) as [RunLease];
  await lab.raw.set(streamTopic(lease.run.conversationId), "no log");
  appendTokens(1, lease);
  await expect(lease.flush()).rejects.toThrow("WRONGTYPE");
  expect(await lease.fail()).toBe(1);
});
