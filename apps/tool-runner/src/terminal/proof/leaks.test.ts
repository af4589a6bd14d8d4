import { expect, it } from "@jest/globals";
import { prepare } from "../setup.ts";
import { TIERS } from "../tier.ts";
import { leaksOf } from "./leaks.ts";
import { CARELESS_POLICY } from "./suite.ts";

it.each(TIERS)(
  "[terminal.leaks] a thousand commands at %s leave nothing behind",
  async (tier) => {
    const { setup } = await prepare({ policy: CARELESS_POLICY, tier, hostEnvironment: {}, warn: () => {} });
    const leaks = setup === null ? [] : await leaksOf(1_000, setup);
    await setup?.homes.close();
    expect(leaks).toEqual([]);
  },
  240_000,
);
