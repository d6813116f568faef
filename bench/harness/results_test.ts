import assert from "node:assert/strict";
import type { BenchReport } from "./report.ts";
import { resultsPage } from "./results.ts";

const REPORT: BenchReport = {
  bench: "rate",
  size: "full",
  rounds: 3,
  figures: [
    {
      name: "plain feed",
      unit: "ticks/s",
      median: 512_345,
      min: 498_000,
      max: 530_000,
      goal: "≥ 1,000,000",
      reached: false,
    },
    {
      name: "processor",
      unit: "µs",
      median: 1.62,
      min: 1.6,
      max: 1.7,
      goal: null,
      reached: null,
    },
  ],
  plots: [{ name: "load", title: "Load", x: "x", y: "y", lines: [] }],
  hash: "bf8c7230",
  calibration_ms: [101, 99],
  deno: "2.9.6",
  cores: 2,
  date: "2026-01-05",
};

Deno.test("resultsPage() says what was missed, and what has no goal", () => {
  const page = resultsPage([REPORT], {
    command: "deno task bench",
    commit: "abc1234",
    machine: "2 cores",
    versions: { Deno: "2.9.6" },
    date: "2026-01-05",
  });
  assert.ok(page.includes(
    "| plain feed | 512,300 ticks/s | 498,000 … 530,000 | ≥ 1,000,000 | **no** |",
  ));
  assert.ok(page.includes("| processor | 1.62 µs | 1.6 … 1.7 |  |  |"));
  assert.ok(page.includes("calibration 101 and 99 ms; result `bf8c7230`"));
  assert.ok(page.includes("![Load](results/load.svg)"));
  assert.ok(page.includes("of commit `abc1234`: 2 cores; Deno 2.9.6."));
});
