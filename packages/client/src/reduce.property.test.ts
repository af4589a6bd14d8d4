import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Frame } from "./frame.ts";
import { fromSnapshot } from "./from-snapshot.ts";
import { reduce } from "./reduce.ts";
import { answerText, runsOf } from "./selectors.ts";
import { type ConversationState, emptyConversation } from "./state.ts";
import { simply } from "./fixtures/simple-reader.ts";
import { runLog } from "./fixtures/log-arbitrary.ts";
import { compacted, merged, snapshotOf, withoutOutputStep } from "./fixtures/log-readers.ts";

const apply = (frames: readonly Frame[], from = emptyConversation) => frames.reduce(reduce, from);
const texts = (state: ConversationState) => runsOf(state).flatMap((run) => run.steps.map((step) => step.text));
const answer = (state: ConversationState) => runsOf(state).map(answerText).at(-1) ?? "";

describe("the reader rule, over any log a worker may write", () => {
  it("[client.prefix] shows a prefix of the running sample at every moment and ends with the output's text", () => {
    fc.assert(
      fc.property(runLog, ({ frames, samples, output }) => {
        let state = emptyConversation;
        frames.forEach((frame, index) => {
          state = reduce(state, frame);
          expect(samples[index]?.startsWith(answer(state))).toBe(true);
        });
        expect(answer(state)).toBe(output);
      }),
    );
  });

  it("[client.redelivery] comes to the same state whatever is delivered again", () => {
    const jumps = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 });
    fc.assert(
      fc.property(runLog, jumps, ({ frames }, again) => {
        let state = emptyConversation;
        let next = 0;
        for (const [forward, back] of again) {
          const to = Math.min(frames.length, next + (forward % 7));
          state = apply(frames.slice(Math.max(0, next - (back % 9)), to), state);
          next = Math.max(next, to);
        }
        expect(apply(frames.slice(next), state)).toEqual(apply(frames));
      }),
    );
  });

  it("[client.delivery] shows what a simple model shows, over any connections that break, resume, repeat and merge", () => {
    const connection = fc.record({ until: fc.nat({ max: 12 }), repeated: fc.nat({ max: 6 }), isMerged: fc.boolean() });
    fc.assert(
      fc.property(runLog, fc.array(connection, { maxLength: 12 }), ({ frames }, connections) => {
        let state = emptyConversation;
        const whole = { until: frames.length, repeated: 0, isMerged: false };
        for (const { until, repeated, isMerged } of [...connections, whole]) {
          // The server resumes strictly after the reader's cursor; what it repeats before that was sent already.
          const next = frames.findIndex(({ id }) => id === state.cursor) + 1;
          const fresh = frames.slice(next, next + until);
          state = apply(
            [...frames.slice(Math.max(0, next - repeated), next), ...(isMerged ? merged(fresh) : fresh)],
            state,
          );
        }
        expect(texts(state)).toEqual(simply(frames));
      }),
    );
  });

  it("[client.merged] shows the same with merged token frames as with single ones, from any cursor", () => {
    fc.assert(
      fc.property(runLog, fc.nat(), ({ frames }, cut) => {
        const at = cut % (frames.length + 1);
        const resumed = apply(merged(frames.slice(at)), apply(frames.slice(0, at)));
        expect(resumed).toEqual(apply(frames));
      }),
    );
  });

  it("[client.compacted] shows the same texts of a compacted log, from the beginning and from a cursor inside it", () => {
    fc.assert(
      fc.property(runLog, fc.nat(), fc.boolean(), ({ frames: given }, cut, isBare) => {
        const frames = isBare ? withoutOutputStep(given) : given;
        const at = cut % (frames.length + 1);
        const whole = texts(apply(frames));
        expect(texts(apply(compacted(frames)))).toEqual(whole);
        expect(texts(apply(compacted(frames.slice(at)), apply(frames.slice(0, at))))).toEqual(whole);
      }),
    );
  });

  it("[client.snapshot] continues a snapshot exactly from its cursor", () => {
    fc.assert(
      fc.property(runLog, fc.nat(), ({ frames }, cut) => {
        const at = 1 + (cut % frames.length);
        const before = apply(frames.slice(0, at));
        const restored = fromSnapshot(snapshotOf(before));
        expect(texts(apply(frames, restored))).toEqual(texts(apply(frames)));
        expect(answer(restored)).toBe(answer(before));
      }),
    );
  });

  it("leaves every item that an event does not concern the same object", () => {
    fc.assert(
      fc.property(runLog, ({ frames }) => {
        let state = emptyConversation;
        for (const frame of frames) {
          const next = reduce(state, frame);
          const changed = next.items.filter((item) => !state.items.includes(item));
          expect(changed.length).toBeLessThanOrEqual(1);
          state = next;
        }
      }),
    );
  });
});
