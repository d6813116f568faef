import assert from "node:assert/strict";
import type { CandleView } from "../pipeline/domain/candle.ts";
import { offeredIntervals } from "./offered_intervals.ts";

const minutes = (...counts: number[]) =>
  counts.map((n) =>
    ({ n, closed: true, closed_by: "watermark" }) as CandleView
  );

Deno.test("seconds are offered as far as ticks come in most of them", () => {
  const shortest = (...counts: number[]) =>
    offeredIntervals(minutes(...counts), true)[0];
  assert.equal(shortest(500, 60, 61), "1s");
  assert.equal(shortest(59, 1, 500), "5s");
  assert.equal(shortest(12, 12, 0), "5s");
  assert.equal(shortest(4, 4, 9), "15s");
  assert.equal(shortest(2, 2, 2), "30s");
  assert.equal(shortest(1, 1, 1), "1m");
});

Deno.test("without ticks the shortest candle is a minute, the longest a month", () => {
  const imported = minutes(99, 99, 99).map((one) => ({
    ...one,
    closed_by: "import" as const,
  }));
  for (
    const offered of [
      offeredIntervals([], true),
      offeredIntervals(minutes(99, 99, 99), false),
      offeredIntervals(imported, true),
    ]
  ) {
    assert.equal(offered[0], "1m");
    assert.equal(offered.at(-1), "1M");
  }
});
