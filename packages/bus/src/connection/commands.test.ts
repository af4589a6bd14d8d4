import { expect, it } from "@jest/globals";
import { BusUnavailable } from "../ports/errors.ts";
import { Commands, type CommandsOptions } from "./commands.ts";
import { FOR_COMMANDS, WriteClock } from "./write-clock.ts";
import type { PrimaryLink, Replicated } from "./primary-link.ts";

/** A primary whose connection breaks whenever it is asked what its replicas have. */
const broken = {
  facts: { lineage: "one", scripts: new Map() },
  replicated: () => new Promise<Replicated>((resolve) => setImmediate(resolve, "broken")),
} as unknown as PrimaryLink;

it("asks with pauses, and gives up in time, where a primary never says whether it keeps what was written", async () => {
  const redis = {} as CommandsOptions["redis"];
  const commands = new Commands({ redis, primaries: { of: () => broken }, isOneServer: true, timeoutMs: 600 });
  let tries = 0;
  await expect(commands.durably(["key"], async () => (tries += 1))).rejects.toThrow(BusUnavailable);
  expect(tries).toBeGreaterThan(1);
  expect(tries).toBeLessThan(10);
});

it("keeps commands for each other where the loop is busy, in their order, but not what is prompt", async () => {
  let nowMs = 0;
  const clock = new WriteClock({ busyness: () => 0.6, nowMs: () => nowMs, steps: FOR_COMMANDS });
  nowMs = 1_000;
  const redis = {} as CommandsOptions["redis"];
  const commands = new Commands({ redis, primaries: { of: () => undefined }, isOneServer: true, clock });
  const sent: string[] = [];
  const send = (to: Commands, name: string) => to.send(async () => sent.push(name));
  const waiting = [send(commands, "a"), send(commands, "b")];
  await send(commands.prompt, "prompt");
  expect(sent).toEqual(["prompt"]);
  await Promise.all(waiting);
  expect(sent).toEqual(["prompt", "a", "b"]);
});
