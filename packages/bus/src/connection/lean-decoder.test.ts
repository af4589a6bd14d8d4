import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Redis } from "ioredis";
import decoding from "ioredis/built/resp/decoder.js";
import { startRedis } from "@holdfast/testing";
import { LeanDecoder } from "./lean-decoder.ts";

/** The decoder as ioredis has it; nothing here has put ours in its place. */
const { Decoder } = decoding;
/** As its DataHandler wants them. */
const MAPPING = { 43: Buffer, 36: Buffer, 61: Buffer, 40: String, 44: Buffer, 35: Number, 37: Array, 126: Array };

type Heard = readonly [kind: "reply" | "error" | "push", value: unknown];

function hearing(make: (to: ConstructorParameters<typeof LeanDecoder>[0]) => { write(chunk: Buffer): void }) {
  const heard: Heard[] = [];
  const hear = (kind: Heard[0]) => (value: unknown) => void heard.push([kind, inText(value)]);
  const decoder = make({ onReply: hear("reply"), onErrorReply: hear("error"), onPush: hear("push") });
  return (chunks: readonly Buffer[]) => {
    for (const chunk of chunks) decoder.write(chunk);
    return heard;
  };
}

/** Texts as texts, whoever left them as bytes, and errors by what they say. */
function inText(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString();
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return Array.isArray(value) ? value.map(inText) : value;
}

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const { reply } = fc.letrec<{ reply: string; leaf: string; many: string }>((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: "binary" }).map(bulk),
    fc.constantFrom(
      "$-1\r\n",
      "_\r\n",
      "#t\r\n",
      "#f\r\n",
      "+OK\r\n",
      ",1.5e3\r\n",
      ",inf\r\n",
      "*0\r\n",
      "*-1\r\n",
      "%0\r\n",
    ),
    fc.constantFrom("-ERR no\r\n", "!6\r\nERR no\r\n", "=8\r\ntxt:text\r\n", "(123456789012345678901\r\n"),
    fc.integer().map((number) => `:${number}\r\n`),
  ),
  many: fc.oneof(
    fc.array(tie("reply"), { minLength: 1, maxLength: 5 }).map((items) => `*${items.length}\r\n${items.join("")}`),
    fc.array(tie("reply"), { minLength: 1, maxLength: 3 }).map((items) => `~${items.length}\r\n${items.join("")}`),
    fc
      .array(fc.tuple(fc.string().map(bulk), tie("reply")), { minLength: 1, maxLength: 3 })
      .map((pairs) => `%${pairs.length}\r\n${pairs.flat().join("")}`),
  ),
  reply: fc.oneof({ maxDepth: 3, depthSize: "small" }, tie("leaf"), tie("many")),
}));
const push = fc
  .array(fc.string().map(bulk), { minLength: 1, maxLength: 3 })
  .map((all) => `>${all.length}\r\n${all.join("")}`);

describe("the decoder of Redis' replies", () => {
  it("gives what ioredis' own gives, whatever comes and wherever it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(reply, push), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat()),
        (replies, cuts) => {
          const bytes = Buffer.from(replies.join(""));
          const at = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
          const chunks = at
            .slice(1)
            .flatMap((end, index) => (end === at[index] ? [] : [bytes.subarray(at[index], end)]));
          const expected = hearing((to) => new Decoder({ ...to, getTypeMapping: () => MAPPING }))([bytes]);
          expect(hearing((to) => new LeanDecoder(to))(chunks)).toEqual(expected);
        },
      ),
    );
  });

  it("refuses what is no reply", () => {
    expect(() => hearing((to) => new LeanDecoder(to))([Buffer.from("nonsense\r\n")])).toThrow("unknown type");
  });

  it("is the one that connections of the bus decode with", async () => {
    const redis = await startRedis();
    const own = Decoder.prototype.write;
    const { connect } = await import("./connect.ts");
    expect(Decoder.prototype.write).not.toBe(own);
    const connection: Redis = connect({ kind: "single", url: redis.url }, { name: "test", onTrouble: () => undefined });
    try {
      const large = "ü".repeat(200_000);
      await connection.set("a", large);
      expect(await connection.mget("a", "b")).toEqual([large, null]);
      expect(await connection.hgetall("none")).toEqual({});
    } finally {
      connection.disconnect();
      await redis.stop();
    }
  });
});
