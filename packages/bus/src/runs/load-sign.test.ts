import { expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { LoadSign } from "./load-sign.ts";

/** What a Redis would hold, and how often it was told. */
function signs() {
  const said: string[] = [];
  const redis = {
    set: async (_key: string, runs: number) => void said.push(String(runs)),
    get: async () => said.at(-1) ?? null,
  };
  const commands = { send: (command: (to: typeof redis) => Promise<unknown>) => command(redis) };
  return { said, sign: new LoadSign(commands as unknown as Commands, newUuid()) };
}

it("says of one run at once that it is one, and of two that they are not", async () => {
  const { sign } = signs();
  const seen: boolean[] = [];
  for (const step of ["add", "add", "remove", "add", "remove", "remove", "add"] as const) {
    sign[step]();
    seen.push(await sign.wasOne("any"));
  }
  expect(seen).toEqual([true, false, true, false, true, false, true]);
});

it("tells Redis nothing while many runs begin and end", () => {
  const { said, sign } = signs();
  for (let run = 0; run < 3; run += 1) sign.add();
  const before = said.length;
  for (let turn = 0; turn < 50; turn += 1) {
    sign.add();
    sign.remove();
  }
  expect(said.length - before).toBeLessThan(5);
});
