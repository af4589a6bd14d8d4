import { expect, it } from "@jest/globals";
import { anyFreePort } from "../ports.ts";
import { addressesOf, problemWith } from "./reachable.ts";

it.each([
  ["redis://db", [{ host: "db", port: 6379 }]],
  ["rediss://user:secret@db.example:7000/2", [{ host: "db.example", port: 7000 }]],
  ["redis://[::1]:7000", [{ host: "::1", port: 7000 }]],
  [
    "redis://a:1,redis://b:2",
    [
      { host: "a", port: 1 },
      { host: "b", port: 2 },
    ],
  ],
  [
    "redis+sentinel://a:1,b/mymaster",
    [
      { host: "a", port: 1 },
      { host: "b", port: 26_379 },
    ],
  ],
  ["localhost:6379", []],
])("%s names its addresses", (url, addresses) => {
  expect(addressesOf(url)).toEqual(addresses);
});

it("an address where nobody listens is named without its password", async () => {
  const port = await anyFreePort();
  const problem = await problemWith(`redis://user:secret@127.0.0.1:${port}`);
  expect(problem).toContain(`127.0.0.1:${port}`);
  expect(problem).not.toContain("secret");
});
