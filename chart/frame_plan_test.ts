import assert from "node:assert/strict";
import { xOf } from "./frame.ts";
import { Scene } from "./scene.ts";
import { LIGHT } from "./theme.ts";
import type { ChartCandle, FutureForecast } from "./types.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 18, 3, 45);
const COUNT = 500;
const NEWEST = COUNT - 1;

function candle(i: number, more: Partial<ChartCandle> = {}): ChartCandle {
  const c = 100 + Math.sin(i / 9) * 5;
  const t = START + i * MINUTE;
  return { t, o: c, h: c + 1, l: c - 1, c, v: 9, closed: true, ...more };
}

function forecast(i: number): FutureForecast {
  const { t, o, h, l, c } = candle(i);
  const [lo50, hi50, lo80, hi80, lo95, hi95] = [1, -1, 2, -2, 3, -3].map((by) =>
    c - by
  );
  return { t, o, h, l, c, lo50, hi50, lo80, hi80, lo95, hi95 };
}

function sceneOf(): Scene {
  const scene = new Scene({ intervalMs: MINUTE, priceDecimals: 2 });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.setHistory(Array.from({ length: COUNT }, (_, i) => candle(i)));
  scene.setLevels([{ price: 101, title: "alert" }]);
  scene.prepare(START);
  return scene;
}

/** What is kept of the picture after a change, in pixels from the left. */
function keptAfter(scene: Scene, change: (scene: Scene) => void): number {
  change(scene);
  scene.prepare(START);
  return scene.frame.keptPx;
}

Deno.test("a tick and the clock leave everything before the newest candle as it is", () => {
  const scene = sceneOf();
  const x = xOf(scene.frame, NEWEST);
  for (
    const change of [
      (scene: Scene) => scene.upsert(candle(NEWEST, { closed: false })),
      (scene: Scene) => scene.upsert(candle(NEWEST, { c: 98, v: 9.1 })),
      () => {},
    ]
  ) {
    const kept = keptAfter(scene, change);
    assert.ok(kept > x - 12 && kept < x - 3, `${kept} of ${x}`);
    assert.ok(scene.frame.paintFirst > NEWEST - 9);
    assert.ok(scene.frame.paintFirst < NEWEST);
  }
});

Deno.test("all is painted again after any other change", () => {
  const changes: Record<string, (scene: Scene) => void> = {
    "a new candle": (scene) => scene.upsert(candle(COUNT)),
    "a revision": (scene) => scene.upsert(candle(450, { rev: 1 })),
    "a candle out of range": (scene) =>
      scene.upsert(candle(NEWEST, { h: 200 })),
    "more volume than before": (scene) =>
      scene.upsert(candle(NEWEST, { v: 50 })),
    "a pan": (scene) => scene.view.panBy(3),
    "a zoom": (scene) => scene.zoomBy(1.1),
    "a drag of the price axis": (scene) => scene.prices.scaleBy(1.1),
    "forecasts": (scene) => scene.setForecasts([], [forecast(COUNT)]),
    "a forecast": (scene) => scene.upsertForecast(forecast(450)),
    "marks": (scene) => scene.setMarks([]),
    "levels": (scene) => scene.setLevels([]),
    "lines": (scene) => scene.setLines([]),
    "outages": (scene) => scene.setOutages([]),
    "sessions": (scene) => scene.setSessions([]),
    "a theme": (scene) => scene.setTheme(LIGHT),
    "a time zone": (scene) => scene.setTimeZone("Asia/Kolkata"),
    "a scale": (scene) => scene.setPriceScale("percent"),
    "a size": (scene) => scene.setSize({ width: 1200, height: 601, dpr: 1 }),
    "a screen": (scene) => scene.setSize({ width: 1200, height: 600, dpr: 2 }),
    "a loss": (scene) => scene.repaintAll(),
  };
  for (const [name, change] of Object.entries(changes)) {
    const scene = sceneOf();
    assert.equal(keptAfter(scene, change), 0, name);
    assert.equal(scene.frame.paintFirst, scene.frame.first, name);
    // Another width of the axis may move the view once more.
    scene.prepare(START);
    assert.ok(keptAfter(scene, () => {}) > 0, `${name}, once`);
  }
});

Deno.test("in a view of the past only the axis changes with the price", () => {
  const scene = sceneOf();
  scene.view.want({ slots: 100, toT: START + 200 * MINUTE });
  scene.prepare(START);
  const kept = keptAfter(
    scene,
    (scene) => scene.upsert(candle(NEWEST, { c: 99 })),
  );
  assert.equal(kept, scene.frame.plotRight - 2);
});

Deno.test("a level whose label finds no room takes its line along", () => {
  const scene = sceneOf();
  const { c } = candle(NEWEST);
  scene.setLevels(
    Array.from({ length: 60 }, (_, i) => ({ price: c + i / 20, title: "" })),
  );
  scene.prepare(START);
  const before = scene.frame.levels.length;
  const kept = keptAfter(
    scene,
    (scene) => scene.upsert(candle(NEWEST, { c: c + 0.9 })),
  );
  assert.notEqual(scene.frame.levels.length, before);
  assert.equal(kept, 0);
});
