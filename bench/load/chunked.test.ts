import { expect, it } from "@jest/globals";
import { ChunkedBody } from "./chunked.ts";

const WIRE = "5\r\nhello\r\n1;ext=1\r\n \r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";

it.each(Array.from({ length: WIRE.length }, (_, index) => index))("a body cut after %d bytes is read whole", (cut) => {
  const body = new ChunkedBody();
  expect(body.feed(WIRE.slice(0, cut)) + body.feed(WIRE.slice(cut))).toBe("hello 0123456789abcdef");
  expect(body.hasEnded).toBe(true);
});

it("byte by byte too, and it does not end before the last chunk", () => {
  const body = new ChunkedBody();
  const pieces = WIRE.slice(0, -4)
    .split("")
    .map((byte) => body.feed(byte));
  expect(pieces.join("")).toBe("hello 0123456789abcdef");
  expect(body.hasEnded).toBe(false);
});
