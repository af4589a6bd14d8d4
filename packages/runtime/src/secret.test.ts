import { expect, it } from "@jest/globals";
import { redact } from "@holdfast/telemetry";
import { inspect } from "node:util";
import { Secret } from "./secret.ts";

it("a secret prints as [redacted] in text, JSON and inspection, and is revealed only on purpose", () => {
  const secret = new Secret("correct horse");
  expect([
    "".concat(secret as never),
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(secret),
  ]).toEqual(["[redacted]", "[redacted]", '{"secret":"[redacted]"}', "{ secret: [redacted] }", "[redacted]"]);
  expect(Object.values(secret)).toEqual([]);
  expect(secret.reveal()).toBe("correct horse");
});

it("a secret's value is masked in redacted texts from its creation on", () => {
  expect(redact("it was battery staple")).toBe("it was battery staple");
  expect(new Secret("battery staple").reveal()).toBe("battery staple");
  expect(redact("it was battery staple")).toBe("it was [redacted]");
});
