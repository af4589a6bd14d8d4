import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { CALL_ERROR_CODES, INCOMPLETE_REASONS, RUN_ERROR_CODES } from "./error-codes.ts";

const TEXT = readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8");

it("[worker.errors] docs/errors.md explains every code of runs, tool calls and dead letters", () => {
  const explained = new Set(Array.from(TEXT.matchAll(/^\| `(\w+)` \|/gm), ([, code]) => code));
  const codes = [...RUN_ERROR_CODES, ...CALL_ERROR_CODES, ...INCOMPLETE_REASONS];
  expect(codes.filter((code) => !explained.has(code))).toEqual([]);
});
