import assert from "node:assert/strict";
import { naiveScale } from "./naive_scale.ts";

const candle = (i: number, close: number, whole = true) => ({
  t: 60 * i,
  end: 60 * (i + 1),
  close,
  whole,
});

Deno.test("naiveScale() is the mean absolute change, gaps left out", () => {
  const candles = [
    candle(0, 10),
    candle(1, 12),
    candle(2, 11),
    candle(5, 99),
    candle(6, 98),
    candle(7, 50, false),
    candle(8, 51),
  ];
  assert.equal(naiveScale(candles), (2 + 1 + 1) / 3);
  assert.equal(naiveScale(candles.slice(0, 1)), null);
  assert.equal(naiveScale([]), null);
});

Deno.test("naiveScale() looks back on the newest 240 candles", () => {
  const candles = Array.from(
    { length: 300 },
    (_, i) => candle(i, i < 60 ? 1e6 * (i % 2) : i),
  );
  assert.equal(naiveScale(candles), 1);
});
