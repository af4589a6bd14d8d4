import { expect, it } from "@jest/globals";
import { uuidV5 } from "./ids.ts";

const DNS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

it("gives the UUIDs that everybody gets from a namespace and a name", () => {
  // RFC 9562, appendix A.4; the others by Python's uuid module.
  expect(uuidV5(DNS, "www.example.com")).toBe("2ed6657d-e927-568b-95e1-2665a8aea6a2");
  expect(uuidV5(DNS, "münchen/0")).toBe("c5461c9a-276b-527c-9a03-5956bcf44986");
  expect(uuidV5(DNS, "")).toBe("4ebd0208-8328-5d69-8c44-ec50939c0967");
});

it("marks version and variant, whatever the hash", () => {
  const ids = Array.from({ length: 64 }, (_, at) => uuidV5(DNS, String(at)));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
});
