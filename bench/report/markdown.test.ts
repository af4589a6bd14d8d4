import { expect, it } from "@jest/globals";
import type { Row } from "../results.ts";
import { pageOf } from "./markdown.ts";
import { number } from "./number.ts";

const about = {
  date: "2026-01-02",
  commit: "abc",
  machine: "2 cores",
  versions: "Node 24",
  command: "pnpm bench",
  isTrial: false,
};
const row = (changes: Partial<Row>): Row => ({
  workload: "W2-500",
  system: "holdfast",
  metrics: {},
  runs: 3,
  noisy: 0,
  failures: [],
  ...changes,
});

it("goals stand beside what was measured", () => {
  const page = pageOf([row({ metrics: { cpu_us_per_token: 140.4, lost: 0 } })], about);
  expect(page).toContain("| 500 chats: CPU all in | ≤ 130 µs/token | 140 µs/token | **missed** |");
  expect(page).toContain("| Burst | ≥ 83,000 (150,000) tokens/s | – | not measured |");
});

it("every system that was measured has a line, with what each process used", () => {
  const metrics = { latency_p50_ms: 0.31, latency_p95_ms: 2, latency_p99_ms: 4, lost: 0, duplicated: 3 };
  const cost = { "cpu_us_per_token.redis": 12.34, "rss_mb.redis": 14.2, bench_cores: 0.512 };
  const page = pageOf([row({ metrics: { ...metrics, ...cost } }), row({ system: "naive", noisy: 2 })], about);
  expect(page).toContain("| holdfast | 0.31 / 2 / 4 | – / – | – | – | 0 / 3 | 3 |");
  expect(page).toContain("- holdfast: CPU redis 12.3 µs each; memory redis 14.2 MB; model and client 0.51 cores");
  expect(page).toContain("| 3, 2 noisy |");
  expect(page).toContain("**Disturbed**: in 1 of 2 rows");
});

it("a run with reduced sizes says that it is no measurement", () => {
  expect(pageOf([], { ...about, isTrial: true })).toContain("A trial of the bench");
  expect(pageOf([], about)).not.toContain("A trial of the bench");
});

it("a failure shows", () => {
  expect(pageOf([row({ runs: 2, failures: ["no"] })], about)).toContain("| 2, 1 failed |");
});

it("numbers are as exact as they can be trusted", () => {
  expect([0, 0.4567, 3.456, 45.67, 456.7, 83_456].map(number)).toEqual(["0", "0.46", "3.5", "45.7", "457", "83,456"]);
});
