import assert from "node:assert/strict";
import css from "../static/chart.css" with { type: "text" };
import { axisPxFor, geometryOf, legendPx, TIME_AXIS_PX } from "./geometry.ts";
import { DEFAULT_FUTURE_SLOTS, DEFAULT_SLOTS } from "./slot_view.ts";

Deno.test("the stylesheet puts the server's picture where the canvas will draw", () => {
  for (const width of [390, 600, 1440]) {
    const top = legendPx(width);
    assert.ok(css.includes(`calc(100% - ${top}px - ${TIME_AXIS_PX}px)`));
  }
  const least = (DEFAULT_SLOTS + DEFAULT_FUTURE_SLOTS) * 7;
  assert.ok(css.includes(`min-width: ${least}px`));
  for (let px = 48; px <= 128; px += 8) {
    assert.ok(css.includes(`.tc-ax-${px} {`), `${px}`);
  }
});

Deno.test("panes are in order and inside the chart, however small it is", () => {
  for (
    const [width, height] of [[1440, 800], [390, 844], [300, 120], [40, 20]]
  ) {
    for (const hasVolume of [true, false]) {
      const it = geometryOf({ width, height }, { axisPx: 72, hasVolume });
      assert.ok(0 <= it.priceTop && it.priceTop < it.priceBottom);
      assert.ok(it.priceBottom <= it.volumeTop);
      assert.ok(it.volumeTop <= it.plotBottom);
      assert.ok(it.plotRight >= 1);
    }
  }
});

Deno.test("a wider label never gets a narrower axis", () => {
  const widths = ["1.0", "10.00", "1,000.00", "100,000.00"].map(axisPxFor);
  assert.deepEqual(widths, [...widths].sort((a, b) => a - b));
});
