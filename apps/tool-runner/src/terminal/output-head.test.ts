import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { OutputHead } from "./output-head.ts";

describe("OutputHead", () => {
  it("keeps exactly the cap without calling it truncated, and one byte more truncated", () => {
    const head = new OutputHead(4);
    head.push(Buffer.from("abcd"));
    expect(head.isTruncated).toBe(false);
    expect(head.push(Buffer.from("e"))).toHaveLength(0);
    expect(head.isTruncated).toBe(true);
    expect(head.bytes.toString()).toBe("abcd");
  });

  it("is flooded only past 64 caps and 8 MiB", () => {
    const limit = 64 * 1000 + 8 * 1024 * 1024;
    const head = new OutputHead(1000);
    head.push(Buffer.alloc(limit));
    expect(head.isFlooded).toBe(false);
    head.push(Buffer.alloc(1));
    expect(head.isFlooded).toBe(true);
  });

  it("keeps the head, however the bytes are cut into chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat(100), (chunks, cap) => {
        const head = new OutputHead(cap);
        const accepted = Buffer.concat(chunks.map((chunk) => head.push(Buffer.from(chunk))));
        const all = Buffer.concat(chunks);
        expect(head.bytes.equals(all.subarray(0, cap))).toBe(true);
        expect(accepted.equals(head.bytes)).toBe(true);
        expect(head.isTruncated).toBe(all.length > cap);
      }),
    );
  });
});
