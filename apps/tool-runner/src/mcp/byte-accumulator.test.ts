import { describe, expect, it } from "@jest/globals";
import { ByteAccumulator } from "./byte-accumulator.ts";

const filled = (sizes: readonly number[]) => {
  const bytes = new ByteAccumulator();
  const all: number[] = [];
  for (const size of sizes) {
    const piece = Buffer.alloc(size, all.length % 251);
    for (const byte of piece) all.push(byte);
    bytes.append(piece);
  }
  return { bytes, all: Buffer.from(all) };
};

describe("bytes of one message", () => {
  it.each([[[]], [[1, 0, 1]], [[1023, 1, 1]], [[5000, 70_000, 3]], [[1_500_000, 1_500_000]]])(
    "are all there, in their order, in pieces of %j",
    (sizes) => {
      const { bytes, all } = filled(sizes);
      expect(bytes.length).toBe(all.length);
      expect(bytes.view().equals(all)).toBe(true);
      for (const count of [1, 1500, 4096]) {
        const { head, tail } = bytes.edges(count);
        expect(head.equals(all.subarray(0, count))).toBe(true);
        expect(tail.equals(all.subarray(-count))).toBe(true);
      }
    },
  );

  it("are forgotten", () => {
    const { bytes } = filled([70_000, 10]);
    bytes.clear();
    expect(bytes.view()).toHaveLength(0);
    bytes.append(Buffer.from("abc"));
    expect(bytes.view().toString()).toBe("abc");
  });
});
