import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { chooseIdentity } from "./identity.ts";
import { PrivateHomes } from "./private-homes.ts";

const identity = chooseIdentity(process.getuid?.(), undefined);
let homes: PrivateHomes;

beforeEach(async () => {
  homes = await PrivateHomes.open(identity);
});
afterEach(() => homes.close());

it("makes a home of its own for each call, open to the tool's user alone", async () => {
  const [one, other] = [await homes.create(), await homes.create()];
  expect(one).not.toBe(other);
  const { mode, uid } = lstatSync(one);
  expect([mode & 0o777, uid]).toEqual([0o700, identity?.uid ?? process.getuid?.()]);
  // Searchable where the tool is another user, but never to be listed or written by it.
  expect(lstatSync(dirname(one)).mode & 0o777).toBe(identity ? 0o711 : 0o700);
});

it("removes a home with everything in it, and all that is left when it is closed", async () => {
  const home = await homes.create();
  mkdirSync(join(home, "a", "b"), { recursive: true });
  writeFileSync(join(home, "a", "b", "file"), "");
  symlinkSync("/etc", join(home, "link"));
  expect(await homes.remove(home)).toBe(true);
  expect(existsSync(home)).toBe(false);

  const forgotten = await homes.create();
  writeFileSync(join(forgotten, "file"), "");
  await homes.close();
  expect(existsSync(dirname(forgotten))).toBe(false);
});
