import { describe, expect, it } from "@jest/globals";
import { newUuid, positionOfEventUuid, streamTopic } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import type { LogLine } from "../ports/entry.ts";
import { appendTokens, busLab, claimed, COMPLETED, message, REDIS_KINDS } from "../test-lab/bus-lab.ts";

describe.each(REDIS_KINDS)("event log on %s", (kind) => {
  const lab = busLab(kind);

  it("[log.ids] numbers events from 1 without a gap and derives their UUIDs from the number", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    appendTokens(3, lease);
    await lease.flush();
    const entries = await lab.raw.xrange(streamTopic(given.envelope.conversation_id), "-", "+");
    expect(entries.map(([id]) => Number(id.split("-")[1]))).toEqual([1, 2, 3, 4, 5]);
    expect(entries[0]?.[1][1]).toBe(given.envelope.id);
    const [id = "", fields = []] = entries[4] ?? [];
    expect(positionOfEventUuid(fields[1] ?? "")).toEqual({ epoch: Number(id.split("-")[0]), seq: 5 });
    expect(await bus.eventLog.locate(given.envelope.conversation_id, fields[1] ?? "")).toBe(id);
    expect(await bus.eventLog.locate(given.envelope.conversation_id, given.envelope.id)).toBe(entries[0]?.[0]);
  });

  it("[log.live] delivers live exactly what it stores", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    const heard: LogLine[] = [];
    await bus.eventLog.follow(id, {
      onLines: (lines) => void heard.push(...lines),
      onResubscribed: () => undefined,
      onDeleted: () => undefined,
    });
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    lease.append({ event: "token", step: 0, index: 0, offset: 0, text: 'line\nbreak "ü" 😀' });
    await lease.finish(COMPLETED);
    await until(() => heard.length === 5);
    expect(heard).toEqual(await bus.eventLog.read(id, undefined, 100));
  });
});
