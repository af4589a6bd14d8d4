import { describe, expect, it, jest } from "@jest/globals";
import { newUuid, streamTopic } from "@holdfast/protocol";
import fc from "fast-check";
import { historyKey, inboxKey, metaKey, runKey, steerKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import { bind, type ScriptName, scripts } from "../scripts/load.ts";
import { busLab, claimed, message } from "../test-lab/bus-lab.ts";

jest.setTimeout(60_000);

const lab = busLab();

type Kind = "append" | "shared" | "finish" | "notice";

/** What an owner, or somebody who takes himself for it, sends: a batch that begins so far from the next run-sequence. */
const write = fc.record({
  kind: fc.constantFrom<Kind>("append", "append", "shared", "shared", "finish", "notice"),
  offset: fc.integer({ min: -4, max: 2 }),
  count: fc.nat({ max: 4 }),
  isOwner: fc.boolean().chain((maybe) => (maybe ? fc.constant(true) : fc.boolean())),
});
type Write = typeof write extends fc.Arbitrary<infer Value> ? Value : never;

/** The event with this run-sequence is the same whenever it is sent. */
const eventOf = (sequence: number) => `{"n":${sequence}}`;

/** The log as it must come out, in a few lines of memory. */
class AppendModel {
  readonly log: string[] = [];
  stored = 0;
  hasEnded = false;

  answer(one: Write): (string | null)[] {
    const answer = this.#answer(one);
    if (one.kind !== "shared") return answer;
    return [answer[0] === "OK" ? (answer[1] ?? "") : null];
  }

  #answer({ kind, offset, count, isOwner }: Write): string[] {
    if (kind === "notice") {
      if (this.hasEnded) return ["ended"];
      this.log.push(eventOf(0));
      return ["OK"];
    }
    // No turn waits here.
    if (kind === "finish" && this.hasEnded && isOwner) return ["OK", "0"];
    if (!isOwner || this.hasEnded) return ["FENCED"];
    const first = this.first(offset);
    if (first > this.stored + 1) return ["GAP", String(this.stored)];
    for (let sequence = this.stored + 1; sequence < first + count; sequence += 1) this.log.push(eventOf(sequence));
    this.stored = Math.max(this.stored, first + count - 1);
    this.hasEnded = kind === "finish";
    return kind === "finish" ? ["OK", "0"] : ["OK", ""];
  }

  first(offset: number): number {
    return Math.max(1, this.stored + 1 + offset);
  }
}

/** A run with an owner, on the real Redis, written to by the scripts alone. */
async function ownedRun(bus: Bus) {
  const given = message(newUuid());
  const id = given.envelope.conversation_id;
  await bus.conversations.accept(given);
  const { run } = await claimed(bus, id);
  const [fence, lineage] = (await lab.raw.hmget(metaKey(id), "fence", "lineage")).map((value) => value ?? "");
  const keys = [streamTopic(id), metaKey(id), runKey(id, run.id)];
  let notices = 0;
  const ending = [historyKey(id), steerKey(id), inboxKey(id)];
  async function call(name: ScriptName, of: readonly string[], args: readonly (string | number)[]): Promise<string[]> {
    const script = scripts.get(name);
    if (!script) throw new Error(`there is no script ${name}`);
    const { source } = bind(script, lineage ?? "", "PUBLISH");
    return (await lab.raw.eval(source, of.length, ...of, ...args)) as string[];
  }
  return {
    async send({ kind, count, isOwner }: Write, first: number): Promise<string[]> {
      if (kind === "notice")
        return call("append-notice-3", keys, [eventOf(0), "told:assistant:state", `${(notices += 1)}-0`]);
      const payloads = Array.from({ length: count }, (_, at) => eventOf(first + at));
      const batch = [isOwner ? (fence ?? "") : "0.0", first, count, ...payloads];
      if (kind === "append") return call("append-3", keys, [...batch, "last_batch", first]);
      if (kind === "shared") return call("append-together-n", keys.slice(0, 2), [run.id, ...batch]);
      return call("finish-6", [...keys, ...ending], [...batch, 2, "status", "completed", '{"shown":{}}']);
    },
    async state() {
      const entries = await lab.raw.xrange(streamTopic(id), "-", "+");
      return {
        // After what the accept wrote.
        log: entries.slice(2).map(([, fields]) => fields[3]),
        seqs: entries.map(([entryId]) => Number(entryId.split("-")[1])),
        stored: Number((await lab.raw.hget(metaKey(id), "run_seq")) ?? 0),
        seq: Number(await lab.raw.hget(metaKey(id), "seq")),
        history: await lab.raw.llen(historyKey(id)),
      };
    },
  };
}

describe("the append script", () => {
  it("[append.model] stores every event once and in order, whatever is sent again, left out, sent by others or sent too late", async () => {
    const bus = lab.openBus();
    const anySequence = fc.asyncProperty(fc.array(write, { minLength: 5, maxLength: 40 }), async (writes) => {
      const run = await ownedRun(bus);
      const model = new AppendModel();
      for (const one of writes) {
        const first = model.first(one.offset);
        expect(await run.send(one, first)).toEqual(model.answer(one));
      }
      const { log, seqs, stored, seq, history } = await run.state();
      expect(log).toEqual(model.log);
      expect(seqs).toEqual(seqs.map((_, at) => at + 1));
      expect([seq, history]).toEqual([model.log.length + 2, model.hasEnded ? 1 : 0]);
      // It goes with the run.
      expect(stored).toBe(model.hasEnded ? 0 : model.stored);
    });
    await fc.assert(anySequence, { numRuns: 60, interruptAfterTimeLimit: 6_000 });
  });
});
