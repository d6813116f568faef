import assert from "node:assert/strict";
import { isDense, pricePillBox, xOf, yOf } from "./frame.ts";
import { valuePillTop } from "./crosshair_pieces.ts";
import { Scene } from "./scene.ts";
import type {
  CandleChartOptions,
  ChartCandle,
  FutureForecast,
} from "./types.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 18, 3, 45);

function candle(i: number, closed = true): ChartCandle {
  const c = 100 + Math.sin(i / 9) * 5;
  return { t: START + i * MINUTE, o: c, h: c + 1, l: c - 1, c, v: 9, closed };
}

function candles(from: number, to: number): ChartCandle[] {
  return Array.from({ length: to - from }, (_, k) => candle(from + k));
}

function future(i: number): FutureForecast {
  const c = 100;
  return {
    t: START + i * MINUTE,
    o: c,
    h: c + 1,
    l: c - 1,
    c,
    lo50: c - 1,
    hi50: c + 1,
    lo80: c - 2,
    hi80: c + 2,
    lo95: c - 3,
    hi95: c + 3,
  };
}

function sceneOf(
  count: number,
  options: Partial<CandleChartOptions> = {},
): Scene {
  const scene = new Scene({ intervalMs: MINUTE, ...options });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.setHistory(candles(0, count));
  scene.prepare(START);
  return scene;
}

/** Where a candle is drawn, by its time. */
function placeOf(scene: Scene, i: number): number {
  scene.prepare(START);
  return xOf(scene.frame, scene.store.indexOf(START + i * MINUTE));
}

Deno.test("a live view follows: the newest candle stays where it was", () => {
  const scene = sceneOf(500);
  const before = placeOf(scene, 499);
  scene.upsert(candle(500, false));
  assert.equal(placeOf(scene, 500), before);
  assert.equal(scene.view.live, true);
});

Deno.test("a view into the past does not move when a candle comes", () => {
  const scene = sceneOf(500);
  scene.view.panBy(700);
  const before = placeOf(scene, 380);
  const { slots } = scene.view;
  for (let i = 500; i < 520; i++) scene.upsert(candle(i, false));
  assert.equal(placeOf(scene, 380), before);
  assert.equal(scene.view.slots, slots);
  assert.equal(scene.view.live, false);
});

Deno.test("older candles, and a late one in between, do not move the picture", () => {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.setHistory(
    candles(0, 500).filter(({ t }) => t !== START + 40 * MINUTE),
  );
  scene.prepare(START);
  scene.view.panBy(900);
  const before = placeOf(scene, 350);
  scene.addHistory(candles(-300, 0));
  assert.equal(placeOf(scene, 350), before);
  scene.upsert(candle(40));
  assert.equal(placeOf(scene, 350), before);
});

Deno.test("another history keeps the time at the right edge", () => {
  const scene = sceneOf(500);
  scene.view.want({ slots: 100, toT: START + 300 * MINUTE });
  scene.prepare(START);
  scene.setHistory(candles(100, 520));
  scene.prepare(START);
  assert.equal(scene.view.state.lastT, START + 300 * MINUTE);
  assert.equal(Math.round(scene.view.state.slots), 100);
});

Deno.test("a view from a URL waits for the candles it names", () => {
  const scene = new Scene({
    intervalMs: MINUTE,
    view: { slots: 60, toT: START + 200 * MINUTE },
  });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.prepare(START);
  scene.setHistory(candles(0, 500));
  scene.prepare(START);
  assert.equal(scene.view.state.toT, START + 200 * MINUTE);
  assert.equal(Math.round(scene.view.state.slots), 60);
});

Deno.test("a tick inside the range moves neither prices nor times", () => {
  const scene = sceneOf(500);
  const { priceMin, priceMax, timeTicks } = scene.frame;
  scene.upsert({ ...candle(499, false), c: 100.5 });
  scene.prepare(START);
  assert.equal(scene.frame.priceMin, priceMin);
  assert.equal(scene.frame.priceMax, priceMax);
  assert.equal(scene.frame.timeTicks, timeTicks);
});

Deno.test("predictions are candles right of the last one, and band and tick on it", () => {
  const scene = sceneOf(500);
  scene.setForecasts([], [future(499), future(500), future(501)]);
  scene.prepare(START);
  assert.equal(scene.frame.forming?.t, START + 499 * MINUTE);
  assert.deepEqual(
    scene.frame.future.map(({ t }) => (t - START) / MINUTE),
    [500, 501],
  );
});

Deno.test("a prediction becomes the past's when its candle has come", () => {
  const scene = sceneOf(500);
  scene.setForecasts([], [future(500), future(501)]);
  scene.upsert(candle(500, false));
  scene.upsert(candle(501, false));
  assert.equal(scene.store.forecastAt(500)?.c, 100);
  assert.equal(scene.frame.forming?.t, START + 501 * MINUTE);
  assert.deepEqual(scene.frame.future, []);
});

Deno.test("marks sit on the candle their time falls in, stacked when they are many", () => {
  const scene = sceneOf(50);
  const t = START + 20 * MINUTE;
  scene.setMarks([
    { t: t + 15_000, side: "BUY", price: 1, title: "a" },
    { t: t + 40_000, side: "BUY", price: 1, title: "b" },
    { t: START - 1, side: "SELL", price: 1, title: "before all candles" },
  ]);
  assert.deepEqual(
    scene.frame.marks.map(({ slot, level, mark }) => [slot, level, mark.title]),
    [[20, 0, "a"], [20, 1, "b"]],
  );
});

Deno.test("the countdown ends with the session, and there is none once closed", () => {
  const close = START + 499 * MINUTE + 20_000;
  const scene = sceneOf(500, { closeTimeOf: () => close });
  scene.upsert(candle(499, false));
  scene.prepare(close - 7_000);
  assert.equal(scene.frame.lastPrice?.countdown, "00:07");
  scene.prepare(close + 1);
  assert.equal(scene.frame.lastPrice?.countdown, "");
  scene.upsert(candle(499, true));
  scene.prepare(close - 7_000);
  assert.equal(scene.frame.lastPrice?.countdown, "");
});

Deno.test("the crosshair's pill never covers the last price's, wherever the pointer is", () => {
  const scene = sceneOf(500);
  scene.upsert(candle(499, false));
  scene.prepare(START + 499 * MINUTE);
  const { frame } = scene;
  const box = pricePillBox(frame)!;
  const height = 20;
  for (let y = 0; y < frame.plotBottom; y++) {
    const top = valuePillTop(frame, y, height);
    assert.ok(top + height <= box.top || top >= box.bottom, `y ${y}`);
    assert.ok(top >= 0 && top + height <= frame.plotBottom, `y ${y}`);
  }
});

Deno.test("history is wanted near the left end, and not far from it", () => {
  const scene = sceneOf(5000);
  assert.equal(scene.needsHistoryBefore, null);
  scene.view.goToStart();
  assert.equal(scene.needsHistoryBefore, START);
});

Deno.test("no volume leaves the whole height to the prices", () => {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 1200, height: 600, dpr: 2 });
  scene.setHistory(candles(0, 90).map((one) => ({ ...one, v: 0 })));
  scene.prepare(START);
  assert.equal(scene.frame.volumeTop, scene.frame.plotBottom);
  assert.ok(scene.frame.priceBottom > scene.frame.plotBottom * 0.95);
});

Deno.test("every candle in sight lies inside the price pane, on whole pixels", () => {
  const scene = sceneOf(4000);
  for (const slots of [20, 150, 900, 4000]) {
    scene.view.want({ slots, toT: null });
    scene.prepare(START);
    const { frame, store } = scene;
    assert.equal(isDense(frame), slots >= 900);
    for (let i = Math.max(0, frame.first); i < store.length; i++) {
      const high = yOf(frame, store.h[i]);
      const low = yOf(frame, store.l[i]);
      assert.ok(Number.isInteger(high) && Number.isInteger(xOf(frame, i)));
      assert.ok(high >= frame.priceTop && low <= frame.priceBottom);
    }
  }
});

Deno.test("zooming without a place stays live, with room for what is predicted", () => {
  const scene = sceneOf(500);
  scene.setForecasts([], [499, 500, 501, 502, 503].map(future));
  for (let i = 0; i < 12; i++) {
    scene.prepare(START);
    assert.equal(scene.view.live, true);
    assert.ok(scene.frame.last >= 504, `${scene.view.slots} slots`);
    scene.zoomBy(1.2);
  }
  for (let i = 0; i < 40; i++) scene.zoomBy(1.25);
  scene.prepare(START);
  assert.equal(scene.view.live, true);
  assert.ok(scene.frame.first < 498, "and room for candles");
});

Deno.test("an empty chart prepares a frame without prices, times or candles", () => {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 800, height: 400, dpr: 1 });
  scene.prepare(START);
  assert.deepEqual(scene.frame.priceTicks, []);
  assert.deepEqual(scene.frame.timeTicks, []);
  assert.equal(scene.frame.lastPrice, null);
  assert.equal(scene.view.state.lastT, null);
});

Deno.test("another interval empties the chart and keeps the number of candles", () => {
  const scene = sceneOf(500);
  scene.view.want({ slots: 90, toT: START + 100 * MINUTE });
  scene.prepare(START);
  scene.setInterval(5 * MINUTE);
  assert.equal(scene.store.length, 0);
  scene.setHistory(candles(0, 300));
  scene.prepare(START);
  assert.equal(scene.view.live, true);
  assert.equal(Math.round(scene.view.state.slots), 90);
});

Deno.test("levels have labels on the axis that cover neither each other nor the last price", () => {
  const scene = sceneOf(500);
  scene.upsert(candle(499, false));
  const last = candle(499).c;
  scene.setLevels([0.01, -0.01, 0.02, 1, -1.5, 1e6].map((away) => ({
    price: last + away,
    title: "alert",
  })));
  scene.prepare(START + 499 * MINUTE);
  const { frame } = scene;
  assert.equal(frame.levels.length, 5, "one is out of sight");
  const boxes = [pricePillBox(frame)!, ...frame.levels];
  boxes.forEach((a, i) =>
    boxes.slice(i + 1).forEach((b) =>
      assert.ok(a.bottom <= b.top || b.bottom <= a.top)
    )
  );
  for (let y = 0; y < frame.plotBottom; y++) {
    const top = valuePillTop(frame, y, 20);
    assert.ok(boxes.every((box) => top + 20 <= box.top || top >= box.bottom));
  }
  const byRow = frame.levels.toSorted((a, b) => a.top - b.top);
  const byPrice = frame.levels.toSorted((a, b) => a.y - b.y);
  assert.deepEqual(byRow, byPrice, "in the order of their prices");
});

Deno.test("years of history are held in part, and both ways lead on", () => {
  const scene = sceneOf(500, {
    onNeedHistory() {},
    onNeedNewer() {},
    onNeedLatest() {},
  });
  scene.view.goToStart();
  let oldest = 0;
  while (oldest > -90_000) {
    scene.addHistory(candles(oldest - 5_000, oldest));
    oldest -= 5_000;
    scene.prepare(START);
    scene.view.goToStart();
    scene.prepare(START);
    assert.ok(scene.store.length <= 65_000, `${scene.store.length} held`);
  }
  assert.equal(scene.aside, true);
  assert.equal(scene.view.live, false);
  const before = placeOf(scene, oldest + 20);
  scene.upsert(candle(499, true));
  scene.upsert({ ...candle(500, false), c: 123 });
  assert.equal(placeOf(scene, oldest + 20), before, "nothing moves");
  assert.equal(scene.frame.lastPrice?.price, 123, "the last price goes on");
  assert.deepEqual(scene.frame.future, []);

  // Forward again, page by page, until the newest are reached.
  for (let pages = 0; scene.aside && pages < 60; pages++) {
    scene.view.moveBySlots(1e9);
    scene.prepare(START);
    const after = scene.needsHistoryAfter;
    assert.notEqual(after, null);
    const from = (after! - START) / MINUTE;
    scene.addHistory(candles(from, Math.min(from + 5_000, 500)));
  }
  assert.equal(scene.aside, false);
  const { store } = scene;
  assert.equal(store.t[store.length - 1], START + 500 * MINUTE);
  for (let i = 1; i < store.length; i++) {
    assert.equal(store.t[i] - store.t[i - 1], MINUTE, "no hole");
  }
});

Deno.test("the latest history brings back the newest candles that were let go", () => {
  const scene = sceneOf(500, {
    onNeedHistory() {},
    onNeedNewer() {},
    onNeedLatest() {},
  });
  for (let from = 0; from > -70_000; from -= 10_000) {
    scene.view.goToStart();
    scene.addHistory(candles(from - 10_000, from));
    scene.prepare(START);
  }
  scene.upsert(candle(499, true));
  scene.upsert(candle(500, false));
  assert.equal(scene.aside, true);
  scene.view.wantLive();
  scene.setHistory(candles(100, 500));
  scene.prepare(START);
  assert.equal(scene.aside, false);
  assert.equal(scene.view.live, true);
  assert.equal(scene.store.t[scene.store.length - 1], START + 500 * MINUTE);
});

Deno.test("a part of the history stands where it is, and has no hole before the newest", () => {
  const scene = new Scene({
    intervalMs: MINUTE,
    view: { slots: 100, toT: START + 300 * MINUTE },
    onNeedHistory() {},
    onNeedNewer() {},
    onNeedLatest() {},
  });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.setHistory(candles(200, 400), candle(9_999, false));
  scene.prepare(START);
  assert.equal(scene.aside, true);
  assert.equal(scene.view.state.lastT, START + 300 * MINUTE);
  assert.equal(scene.newest?.t, START + 9_999 * MINUTE, "the last price");

  // What is loaded again after a cut is of the newest only.
  scene.addHistory(candles(9_900, 10_000));
  scene.upsert(candle(10_000, false));
  assert.equal(scene.store.length, 200);
  for (let from = 399; scene.aside && from < 10_000; from += 4_000) {
    scene.addHistory(candles(from, Math.min(from + 4_001, 10_000)));
    scene.prepare(START);
  }
  assert.equal(scene.aside, false);
  assert.equal(scene.store.length, 9_801);
  assert.equal(scene.view.state.lastT, START + 300 * MINUTE, "nothing moved");
});

Deno.test("a view of a time before all history is of its beginning", () => {
  const scene = sceneOf(500, { view: { slots: 50, toT: START - MINUTE } });
  assert.equal(scene.view.state.fromT, START);
  assert.equal(scene.view.live, false);
});

Deno.test("a page that cannot load newer candles never loses any", () => {
  const scene = sceneOf(500, { onNeedHistory() {} });
  scene.view.goToStart();
  scene.addHistory(candles(-80_000, 0));
  assert.equal(scene.store.length, 80_500);
  assert.equal(scene.aside, false);
});

Deno.test("a chart left open for weeks holds a bounded number of candles", () => {
  const scene = sceneOf(500, { onNeedHistory() {} });
  for (let i = 500; i < 130_000; i++) scene.upsert(candle(i));
  scene.prepare(START);
  assert.ok(scene.store.length <= 60_001);
  assert.equal(scene.view.live, true);
  assert.equal(scene.view.state.lastT, START + 129_999 * MINUTE);
});

Deno.test("as many candles are shown at first as the reader wants", () => {
  const scene = sceneOf(500, { firstCandles: 200, futureSlots: 10 });
  assert.equal(Math.round(scene.view.slots), 210);
});

Deno.test("a chart's percent scale counts from the left edge, and moves with it", () => {
  const scene = sceneOf(500);
  scene.setPriceScale("percent");
  scene.prepare(START);
  const left = scene.store.c[Math.max(0, scene.frame.first)];
  assert.match(scene.prices.label(left), /^0\.0+%$/);
  scene.view.panBy(900);
  scene.prepare(START);
  const now = scene.store.c[scene.frame.first];
  assert.match(scene.prices.label(now), /^0\.0+%$/);
  assert.equal(scene.priceLabel(now), now.toFixed(2));
});
