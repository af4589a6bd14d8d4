/** The table of attacks, held against the machine it runs on. */
import { expect, it } from "@jest/globals";
import { chooseIdentity } from "../identity.ts";
import { prepare } from "../setup.ts";
import { TIERS } from "../tier.ts";
import { ATTACKS, canBeTried, CARELESS_POLICY, eachOf, judge } from "./suite.ts";
import { tryUnguarded } from "./try-attack.ts";

const isRoot = process.getuid?.() === 0;
/** Its processes are nobody else's, so a count or a signal hits the suite alone. */
const uid = 62_000 + (process.pid % 1_000);
const identity = chooseIdentity(process.getuid?.(), isRoot ? uid : undefined);
const EVERYTHING_MS = 240_000;

it("has an id of its own for every attack", () => {
  expect(new Set(ATTACKS.map(({ id }) => id)).size).toBe(ATTACKS.length);
});

it(
  "[terminal.attacks] sees every attack succeed where nothing stands in its way",
  async () => {
    const stopped: string[] = [];
    await eachOf(
      ATTACKS.filter((attack) => canBeTried(attack, isRoot)),
      async (attack) => {
        const { hasSucceeded, result } = await tryUnguarded(attack, identity);
        // Some machines refuse a system call to everybody.
        if (!hasSucceeded && !result.output.startsWith("refused:")) stopped.push(`${attack.id}: ${result.text}`);
      },
    );
    expect(stopped).toEqual([]);
  },
  EVERYTHING_MS,
);

it.each(TIERS)(
  "[terminal.attacks] stops exactly the attacks at %s that its table names, and no ordinary work",
  async (tier) => {
    const { setup, verdicts } = await prepare({
      policy: CARELESS_POLICY,
      tier,
      toolUid: isRoot ? uid : undefined,
      hostEnvironment: {},
      warn: () => {},
    });
    const surprises = setup === null ? [] : (await judge(setup)).surprises;
    await setup?.homes.close();
    expect(surprises).toEqual([]);
    // What is not to be had here says why.
    expect(setup ?? verdicts[tier]).not.toHaveProperty("reason", "");
  },
  EVERYTHING_MS,
);
