import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";

it("takes only types from the protocol, so that a page does not carry its schemas", () => {
  const folder = new URL("./", import.meta.url);
  const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const imports = sources.flatMap((name) =>
    [...readFileSync(new URL(name, folder), "utf8").matchAll(/^import (type )?[^;]*from "@holdfast\/protocol";/gm)].map(
      ([, type]) => ({ name, isTypeOnly: type !== undefined }),
    ),
  );
  expect(imports.length).toBeGreaterThan(5);
  expect(imports.filter(({ isTypeOnly }) => !isTypeOnly)).toEqual([]);
});
