import assert from "node:assert/strict";
import fc from "fast-check";
import { CandleStore } from "./candle_store.ts";
import { emptyFrame, type Frame, priceAt, yOf } from "./frame.ts";
import { PriceAxis } from "./price_axis.ts";
import { DARK } from "./theme.ts";
import type { PriceScaleKind } from "./types.ts";

function axisOf(kind: PriceScaleKind) {
  const frame: Frame = emptyFrame(new CandleStore((t) => t), DARK);
  frame.priceTop = 50;
  frame.priceBottom = 450;
  const axis = new PriceAxis({
    tickSize: 0.05,
    format: (price) => price.toFixed(2),
  });
  axis.kind = kind;
  const fit = (min: number, max: number, base = min) =>
    axis.fit(frame, { min, max }, { hug: false, relaid: false, base });
  return { axis, frame, fit };
}

Deno.test("a logarithmic axis has equal ratios at equal distances", () => {
  const { frame, fit } = axisOf("log");
  fit(10, 1000);
  const [a, b, c] = [10, 100, 1000].map((price) => yOf(frame, price));
  assert.ok(Math.abs((a - b) - (b - c)) <= 1, `${a} ${b} ${c}`);
  assert.ok(c > frame.priceTop && a < frame.priceBottom);
});

Deno.test("a row's price is drawn on that row, on every scale", () => {
  const row = fc.integer({ min: 50, max: 450 });
  const kind = fc.constantFrom<PriceScaleKind>("linear", "log", "percent");
  fc.assert(fc.property(kind, row, (kind, y) => {
    const { frame, fit } = axisOf(kind);
    fit(80, 320);
    assert.equal(yOf(frame, priceAt(frame, y)), y);
  }));
});

Deno.test("a logarithmic axis of prices that are not positive is an even one", () => {
  const { frame, fit } = axisOf("log");
  fit(-5, 5);
  assert.equal(frame.logarithmic, false);
  assert.ok(frame.priceMin < -5 && frame.priceMax > 5);
  fit(5, 10);
  assert.equal(frame.logarithmic, true);
});

Deno.test("a percent axis counts from the base, with round labels", () => {
  const { axis, frame, fit } = axisOf("percent");
  fit(95, 110, 100);
  const labels = frame.priceTicks.map(({ label }) => label);
  assert.ok(labels.includes("0%") && labels.includes("+10%"), `${labels}`);
  const zero = frame.priceTicks.find(({ label }) => label === "0%");
  assert.ok(Math.abs(zero!.price - 100) < 1e-9);
  assert.equal(axis.label(105), "+5.00%");
  assert.equal(axis.label(99), "−1.00%");
});

Deno.test("a range set by hand stays when candles come, until it is given up", () => {
  const { axis, frame, fit } = axisOf("linear");
  fit(100, 110);
  axis.scaleBy(2);
  fit(100, 110);
  const { priceMin, priceMax } = frame;
  assert.ok(priceMax - priceMin < 6 && axis.byHand);
  fit(100, 111);
  assert.deepEqual([frame.priceMin, frame.priceMax], [priceMin, priceMax]);
  axis.shiftBy(0.5);
  fit(100, 111);
  assert.ok(frame.priceMin > priceMin);
  axis.reset();
  fit(100, 111);
  assert.ok(frame.priceMin < 100 && frame.priceMax > 111 && !axis.byHand);
});

Deno.test("no drag loses the candles out of sight or makes a range of no height", () => {
  const moves = fc.array(
    fc.oneof(
      fc.record({ scale: fc.double({ min: 1e-9, max: 1e9, noNaN: true }) }),
      fc.record({ shift: fc.double({ min: -1e6, max: 1e6, noNaN: true }) }),
    ),
    { maxLength: 30 },
  );
  const kind = fc.constantFrom<PriceScaleKind>("linear", "log", "percent");
  fc.assert(fc.property(kind, moves, (kind, moves) => {
    const { axis, frame, fit } = axisOf(kind);
    fit(100, 110);
    for (const move of moves) {
      if ("scale" in move) axis.scaleBy(move.scale);
      else axis.shiftBy(move.shift);
      fit(100, 110);
      assert.ok(frame.priceMax > frame.priceMin);
      assert.ok(frame.priceMax >= 90 && frame.priceMin <= 120, kind);
    }
  }));
});
