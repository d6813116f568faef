import assert from "node:assert/strict";
import {
  counted,
  formatBytes,
  formatRanges,
  formatRate,
  formatWait,
} from "./format_amount.ts";

Deno.test("amounts are told in the unit that fits them", () => {
  assert.deepEqual(
    [0.42, 9.96, 24.4, 999, 1_240, 12_345, 300_000].map(formatWait),
    ["0.4 ms", "10.0 ms", "24 ms", "999 ms", "1.24 s", "12.3 s", "5 min"],
  );
  assert.deepEqual(
    [0, 0.523, 12.53, 999.6, 1_240, 52_100].map(formatRate),
    ["0", "0.52", "12.5", "1,000", "1,240", "52.1K"],
  );
  assert.deepEqual(
    [0, 320, 12_582_912, 268_435_456, 2.5e12].map(formatBytes),
    ["0 B", "320 B", "12.6 MB", "268 MB", "2.5 TB"],
  );
  assert.deepEqual([counted(1, "line"), counted(2, "line")], [
    "1 line",
    "2 lines",
  ]);
});

Deno.test("numbers in a row are told as a range", () => {
  assert.equal(formatRanges([0, 1, 2, 3, 7, 9, 10]), "0–3, 7, 9–10");
  assert.equal(formatRanges([]), "");
});
