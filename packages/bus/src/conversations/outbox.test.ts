import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { openConnections } from "../connection/connections.ts";
import { outboxKey } from "../keys.ts";
import { BusUnavailable } from "../ports/errors.ts";
import { busLab } from "../test-lab/bus-lab.ts";
import { type Note, Outbox } from "./outbox.ts";

const lab = busLab();

/** An outbox with one note, put long ago. */
async function withOldNote(during: (outbox: Outbox, note: Note, stands: () => Promise<boolean>) => Promise<void>) {
  const connections = openConnections({ url: lab.url, requestTimeoutMs: undefined, onTrouble: () => undefined });
  const outbox = new Outbox(connections.commands);
  const note: Note = { kind: "turn", conversationId: newUuid(), runId: newUuid() };
  const [key, member] = [outboxKey(note.conversationId), `turn ${note.conversationId} ${note.runId}`];
  try {
    await lab.raw.zadd(key, Date.now() - 60_000.25, member);
    await during(outbox, note, async () => (await lab.raw.zscore(key, member)) !== null);
  } finally {
    await connections.close();
  }
}

describe("the outbox", () => {
  it("[outbox.put-again] keeps a note that was put again while it was swept or taken away", async () => {
    await withOldNote(async (outbox, note, stands) => {
      await outbox.sweep(async () => (await outbox.put(note), true));
      expect(await stands()).toBe(true);
      const mine = await outbox.put(note);
      const theirs = await outbox.put(note);
      expect([mine.isFirst, theirs.isFirst]).toEqual([false, false]);
      await outbox.remove(mine);
      expect(await stands()).toBe(true);
      await outbox.remove(theirs);
      expect(await stands()).toBe(false);
    });
  });

  it("[outbox.bad-note] sweeps all others where one note cannot be settled, and says which", async () => {
    const broken = "00000000-0000-4000-8000-000000000000";
    await lab.raw.zadd(outboxKey(broken), Date.now() - 60_000, `turn ${broken} ${newUuid()}`);
    await withOldNote(async (outbox, note, stands) => {
      await expect(
        outbox.sweep(async ({ conversationId }) => {
          if (conversationId === broken) throw new TypeError("no stream");
          return conversationId === note.conversationId;
        }),
      ).rejects.toThrow(broken);
      expect(await stands()).toBe(false);
      await expect(
        outbox.sweep(async () => {
          throw new BusUnavailable("Redis is away");
        }),
      ).rejects.toThrow(BusUnavailable);
    });
    await lab.raw.del(outboxKey(broken));
  });

  it("takes away what was swept", async () => {
    await withOldNote(async (outbox, _note, stands) => {
      expect(await outbox.sweep(async () => true)).toBe(1);
      expect(await stands()).toBe(false);
    });
  });
});
