import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { ERROR_CODES } from "@holdfast/protocol";

const TEXT = readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8");
const ROW = /^\| `(\w+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$/gm;

it("[http.errors] docs/errors.md has every error code with its status, cause and remedy", () => {
  const rows = [...TEXT.matchAll(ROW)];
  const documented = Object.fromEntries(rows.map(([, code, status]) => [code, Number(status)]));
  const codes = Object.fromEntries(Object.entries(ERROR_CODES).map(([code, { status }]) => [code, status]));
  expect(documented).toEqual(codes);
  for (const [, , , cause = "", remedy = ""] of rows) expect(Math.min(cause.length, remedy.length)).toBeGreaterThan(10);
});
