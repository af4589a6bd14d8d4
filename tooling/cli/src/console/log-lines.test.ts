import { stripVTControlCharacters } from "node:util";
import { expect, it } from "@jest/globals";
import { formatLogLine, parseLogLine } from "./log-lines.ts";

const plain = (service: string, text: string) => stripVTControlCharacters(formatLogLine(service, text));

it("a JSON log line becomes one short line with shortened ids", () => {
  const line = {
    timestamp: "2026-11-22T10:11:12.345Z",
    level: "info",
    message: "run completed",
    service: "worker",
    run_id: "01234567-89ab-7def-8123-456789abcdef",
    tokens: 12,
  };
  expect(plain("worker", JSON.stringify(line))).toBe("  worker      10:11:12 run completed run_id=01234567 tokens=12");
});

it("a line that is no JSON is shown as it is", () => {
  expect(plain("gateway", "Error: boom")).toBe("  gateway     Error: boom");
  expect(plain("gateway", "{ broken")).toBe("  gateway     { broken");
});

it("JSON that is no log line is not mistaken for one", () => {
  expect(parseLogLine('{"a":1}')).toBeUndefined();
});
