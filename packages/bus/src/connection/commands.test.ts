import { expect, it } from "@jest/globals";
import { BusUnavailable } from "../ports/errors.ts";
import { Commands, type CommandsOptions } from "./commands.ts";
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
