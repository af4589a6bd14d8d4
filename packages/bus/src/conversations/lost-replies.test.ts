import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { upkeepKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import { busLab, claimed, message, runIdOf } from "../test-lab/bus-lab.ts";
import { type LosingProxy, startLosingProxy } from "../test-lab/losing-proxy.ts";

const lab = busLab();
let proxy: LosingProxy;
let bus: Bus;

beforeEach(async () => {
  await lab.raw.flushall();
  proxy = await startLosingProxy(lab.url);
  bus = lab.openBus(undefined, { url: proxy.url });
});

afterEach(() => proxy.close());

it("[conversation.create-resent] says that it created a conversation where the reply was lost and the command was sent again", async () => {
  const create = (id: string) => bus.conversations.create({ id, created_at: new Date().toISOString(), metadata: {} });
  // By then the script is known, so that the next call needs one command.
  await create(newUuid());
  const id = newUuid();
  proxy.loseReplyTo("evalsha", `{stream:${id}}:deleted`);
  expect((await create(id)).outcome).toBe("created");
  expect(proxy.lost).toBe(1);
  expect(await lab.raw.zscore(upkeepKey(id), id)).not.toBeNull();
  expect((await create(id)).outcome).toBe("exists");
});

it("[conversation.delete-resent] deletes wholly where the reply was lost and the command was sent again", async () => {
  const id = newUuid();
  const runIds: string[] = [];
  for (const content of ["at work", "waits"])
    runIds.push(runIdOf(await bus.conversations.accept(message(id, content))));
  await claimed(bus, id);
  proxy.loseReplyTo("evalsha", `{stream:${id}}:deleted`);
  expect(await bus.conversations.delete(id)).toBe("deleted");
  expect(proxy.lost).toBe(1);
  const left = (await lab.keys()).filter((key) => key.includes(id) || key.startsWith("run:"));
  expect(left).toEqual([`{stream:${id}}:deleted`]);
  expect(await lab.raw.get(`{stream:${id}}:deleted`)).toBe("1");
  const rung = (await lab.raw.xrange("control:assistant", "-", "+")).map(([, fields]) => JSON.parse(fields[3] ?? ""));
  expect(rung).toEqual([{ type: "cancel", run_id: runIds[0], by: "system:delete", flagged: true }]);
  expect(await bus.conversations.delete(id)).toBe("missing");
});
