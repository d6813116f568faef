import assert from "node:assert/strict";
import fc from "fast-check";
import {
  clampView,
  isLive,
  liveRight,
  liveView,
  panBy,
  slotsAcross,
  zoomAt,
} from "./slot_view.ts";

const bounds = { widthPx: 1000, count: 5000, future: 8 };

Deno.test("liveView() has as many slots as it was asked for, the newest ones", () => {
  for (const widthPx of [284, 690, 966, 1300]) {
    const here = { ...bounds, widthPx };
    const view = liveView(48, here);
    assert.equal(Math.round(slotsAcross(view, widthPx)), 48);
    assert.equal(view.right, liveRight(here));
    assert.equal(isLive(view, here), true);
  }
});

Deno.test("zoomAt() keeps the slot under the pointer, unless an edge stops it", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 1000, noNaN: true }),
    fc.double({ min: 0.8, max: 1.25, noNaN: true }),
    (xPx, factor) => {
      const view = { slotPx: 8, right: 2500 };
      const zoomed = zoomAt(view, factor, xPx, bounds);
      const before = view.right - (1000 - xPx) / view.slotPx;
      const after = zoomed.right - (1000 - xPx) / zoomed.slotPx;
      assert.ok(Math.abs(before - after) < 1e-9);
    },
  ));
});

Deno.test("panBy() there and back ends where it began", () => {
  const view = { slotPx: 8, right: 2500 };
  const back = panBy(panBy(view, 333, bounds), -333, bounds);
  assert.ok(Math.abs(back.right - view.right) < 1e-9);
});

Deno.test("no pan and no zoom loses all candles out of sight", () => {
  const moves = fc.array(fc.oneof(
    fc.record({
      pan: fc.double({ min: -1e7, max: 1e7, noNaN: true }),
    }),
    fc.record({
      zoom: fc.double({ min: 0.01, max: 100, noNaN: true }),
      x: fc.double({ min: 0, max: 1000, noNaN: true }),
    }),
  ));
  const counts = fc.integer({ min: 1, max: 20_000 });
  fc.assert(fc.property(moves, counts, (given, count) => {
    const here = { ...bounds, count };
    let view = liveView(128, here);
    for (const move of given) {
      view = "pan" in move
        ? panBy(view, move.pan, here)
        : zoomAt(view, move.zoom, move.x, here);
    }
    const left = view.right - slotsAcross(view, here.widthPx);
    assert.ok(view.right > 0, `right ${view.right}`);
    assert.ok(left < count, `left ${left}`);
  }));
});

Deno.test("a view is not live once the newest candle is out of sight", () => {
  assert.equal(isLive({ slotPx: 8, right: 5000 }, bounds), true);
  assert.equal(isLive({ slotPx: 8, right: 4999 }, bounds), false);
});

Deno.test("clampView() leaves a view inside the bounds as it is", () => {
  const view = { slotPx: 8, right: liveRight(bounds) };
  assert.deepEqual(clampView(view, bounds), view);
});
