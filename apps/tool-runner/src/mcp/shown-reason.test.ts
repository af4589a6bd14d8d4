import { expect, it } from "@jest/globals";
import { shownReason } from "./shown-reason.ts";

it("shows neither secrets nor what changes the sense of what is seen", () => {
  const reason = "its handshake failed: \u202ecannot log in with password=hunter2\u001b[2J";
  expect(shownReason(reason)).toBe("its handshake failed: cannot log in with password=[redacted]");
});
