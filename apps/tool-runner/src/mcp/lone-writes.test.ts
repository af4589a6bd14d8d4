import { Writable } from "node:stream";
import { expect, it } from "@jest/globals";
import { NotSentError } from "./local-error.ts";
import { LoneWrites } from "./lone-writes.ts";

/** A reader that takes `good` writes and fails at the next one. */
function failingAfter(good: number, taken: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const isTaken = taken.length < good;
      if (isTaken) taken.push(chunk.toString());
      done(isTaken ? null : new Error("gone"));
    },
  }).on("error", () => undefined);
}

it("tells of each write whether it went out, in order", async () => {
  const taken: string[] = [];
  const writes = new LoneWrites(failingAfter(2, taken));
  const ends = await Promise.allSettled(["a", "b", "c", "d"].map((bytes) => writes.write(bytes)));
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
  for (const end of ends.slice(2)) expect(end).toHaveProperty("reason", expect.any(NotSentError));
  expect(taken).toEqual(["a", "b"]);
  expect(writes.waitingBytes).toBe(0);
});

it("ends however many wait behind one that failed", async () => {
  const writes = new LoneWrites(failingAfter(0, []));
  const ends = await Promise.allSettled(Array.from({ length: 20_000 }, () => writes.write("x")));
  expect(ends.every((end) => end.status === "rejected" && end.reason instanceof NotSentError)).toBe(true);
  await writes.settled(0);
});
