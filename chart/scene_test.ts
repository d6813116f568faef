import assert from "node:assert/strict";
import { isDense, pricePillBox, xOf, yOf } from "./frame.ts";
import { valuePillTop } from "./paint_crosshair.ts";
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
  assert.equal(scene.live, true);
});

Deno.test("a view into the past does not move when a candle comes", () => {
  const scene = sceneOf(500);
  scene.panBy(700);
  const before = placeOf(scene, 380);
  const { slots } = scene;
  for (let i = 500; i < 520; i++) scene.upsert(candle(i, false));
  assert.equal(placeOf(scene, 380), before);
  assert.equal(scene.slots, slots);
  assert.equal(scene.live, false);
});

Deno.test("older candles, and a late one in between, do not move the picture", () => {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.setHistory(
    candles(0, 500).filter(({ t }) => t !== START + 40 * MINUTE),
  );
  scene.prepare(START);
  scene.panBy(900);
  const before = placeOf(scene, 350);
  scene.addHistory(candles(-300, 0));
  assert.equal(placeOf(scene, 350), before);
  scene.upsert(candle(40));
  assert.equal(placeOf(scene, 350), before);
});

Deno.test("another history keeps the time at the right edge", () => {
  const scene = sceneOf(500);
  scene.setView({ slots: 100, toT: START + 300 * MINUTE });
  scene.prepare(START);
  scene.setHistory(candles(100, 520));
  scene.prepare(START);
  assert.equal(scene.viewState.lastT, START + 300 * MINUTE);
  assert.equal(Math.round(scene.viewState.slots), 100);
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
  assert.equal(scene.viewState.toT, START + 200 * MINUTE);
  assert.equal(Math.round(scene.viewState.slots), 60);
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
  scene.goToStart();
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
    scene.setView({ slots, toT: null });
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
    assert.equal(scene.live, true);
    assert.ok(scene.frame.last >= 504, `${scene.slots} slots`);
    scene.zoomBy(1.2);
  }
  for (let i = 0; i < 40; i++) scene.zoomBy(1.25);
  scene.prepare(START);
  assert.equal(scene.live, true);
  assert.ok(scene.frame.first < 498, "and room for candles");
});

Deno.test("an empty chart prepares a frame without prices, times or candles", () => {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 800, height: 400, dpr: 1 });
  scene.prepare(START);
  assert.deepEqual(scene.frame.priceTicks, []);
  assert.deepEqual(scene.frame.timeTicks, []);
  assert.equal(scene.frame.lastPrice, null);
  assert.equal(scene.viewState.lastT, null);
});

Deno.test("another interval empties the chart and keeps the number of candles", () => {
  const scene = sceneOf(500);
  scene.setView({ slots: 90, toT: START + 100 * MINUTE });
  scene.prepare(START);
  scene.setInterval(5 * MINUTE);
  assert.equal(scene.store.length, 0);
  scene.setHistory(candles(0, 300));
  scene.prepare(START);
  assert.equal(scene.live, true);
  assert.equal(Math.round(scene.viewState.slots), 90);
});
