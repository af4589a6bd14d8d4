import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

it("removes what a runner that was killed left behind, and nothing of one that runs or of somebody else", async () => {
  const runner = await PrivateHomes.open(identity);
  const alive = await runner.create();
  const base = dirname(dirname(alive));
  const dead = base.replace(`-${process.pid}-`, "-1-");
  mkdirSync(join(dead, "home"), { recursive: true });
  const elsewhere = base.replace(/homes-\d+-/, "homes-1-");
  mkdirSync(elsewhere);

  await (await PrivateHomes.open(identity)).close();

  expect([existsSync(alive), existsSync(dead), existsSync(elsewhere)]).toEqual([true, false, true]);
  rmSync(elsewhere, { recursive: true });
  await runner.close();
});
