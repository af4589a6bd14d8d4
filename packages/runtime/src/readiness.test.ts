import { type Logger } from "@holdfast/telemetry";
import { until } from "@holdfast/testing";
import { expect, it } from "@jest/globals";
import { type Check, watchReadiness } from "./readiness.ts";

it("[ready.logged] logs once when the service stops being ready, with the reason, and for each that comes later, and once when it is again", async () => {
  const lines: string[] = [];
  const log = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger = { debug: log, info: log, warn: log, error: log, child: () => logger } as Logger;
  let checks: Check[] = [
    { name: "redis", ok: false, detail: "redis://u:pw@db refused" },
    { name: "model", ok: true },
  ];
  let looks = 0;
  const close = watchReadiness(async () => {
    looks += 1;
    return checks;
  }, logger);
  await until(() => looks >= 2, { timeoutMs: 10_000 });
  checks = [{ name: "redis", ok: false, detail: "OOM" }];
  await until(() => lines.length === 2, { timeoutMs: 10_000 });
  checks = [];
  await until(() => lines.length === 3, { timeoutMs: 10_000 });
  close();
  expect(lines[0]).toContain('not ready; trying on {"checks":[{"name":"redis","ok":false');
  expect(lines[0]).not.toMatch(/pw|model/);
  expect(lines[1]).toContain('{"checks":[{"name":"redis","ok":false,"detail":"OOM"}]}');
  expect(lines[2]).toMatch(/^ready again \{"after_ms":\d+\}$/);
}, 20_000);
