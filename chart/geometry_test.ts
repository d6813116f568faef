import assert from "node:assert/strict";
import css from "../static/chart.css" with { type: "text" };
import {
  axisPxFor,
  FIRST_VIEWS,
  firstSlots,
  firstViewOf,
  geometryOf,
  priceSpacingPx,
  TIME_AXIS_PX,
} from "./geometry.ts";

Deno.test("the stylesheet puts the server's picture where the canvas will draw", () => {
  assert.ok(css.includes(`calc(100% - var(--tc-top) - ${TIME_AXIS_PX}px)`));
  for (const { name, legendPx } of FIRST_VIEWS) {
    assert.ok(css.includes(`.tc-first-${name} {\n  --tc-top: ${legendPx}px;`));
  }
  const [wide, middle] = FIRST_VIEWS.map(({ fromPx }) => `${fromPx}px`);
  assert.ok(css.includes(`@container (width >= ${wide}) {`));
  assert.ok(css.includes(`@container (${middle} <= width < ${wide}) {`));
  assert.ok(css.includes(`@container (width < ${middle}) {`));
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

Deno.test("the first view depends on the class of the width alone", () => {
  const names = [1, 479, 479.9, 480, 759.9, 760, 3000].map((width) =>
    firstViewOf(width).name
  );
  assert.deepEqual(names, [
    ...["narrow", "narrow", "narrow", "middle", "middle", "wide", "wide"],
  ]);
  const [wide] = FIRST_VIEWS;
  assert.equal(firstSlots(wide, 5_000), wide.slots);
  assert.equal(firstSlots(wide, 70), 70, "a short history is drawn larger");
  assert.equal(firstSlots(wide, 9), 48, "but not without bounds");
});

Deno.test("gridlines are apart, and the same in windows about as high", () => {
  for (let height = 100; height < 1_200; height++) {
    assert.ok(priceSpacingPx(height) >= 33, `${height}`);
  }
  const lines = (height: number) => Math.round(height / priceSpacingPx(height));
  assert.equal(lines(310), lines(590));
});

Deno.test("a wider label never gets a narrower axis", () => {
  const widths = ["1.0", "10.00", "1,000.00", "100,000.00"].map(axisPxFor);
  assert.deepEqual(widths, [...widths].sort((a, b) => a - b));
});
