import assert from "node:assert/strict";
import { neededRange } from "./price_range.ts";
import { Scene } from "./scene.ts";
import { SeenRange } from "./seen_range.ts";

const MINUTE = 60_000;

function sceneOf(count: number): Scene {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.setHistory(
    Array.from({ length: count }, (_, i) => {
      const c = 100 + Math.sin(i / 9) * 5;
      const t = i * MINUTE;
      return { t, o: c, h: c + 1, l: c - 1, c, v: 9 + i % 5, closed: true };
    }),
  );
  scene.prepare(0);
  return scene;
}

/** All candles in sight, looked at anew. */
function plainly({ frame, store }: Scene) {
  const from = Math.max(0, frame.first);
  const to = Math.min(store.length, frame.last + 1);
  const columns = { h: store.h, l: store.l, v: store.v };
  const { h, l, v } = Object.fromEntries(
    Object.entries(columns).map((
      [name, column],
    ) => [name, column.slice(from, to)]),
  );
  return {
    prices: neededRange({ min: Math.min(...l), max: Math.max(...h) }, null),
    volume: Math.max(...v),
  };
}

Deno.test("ticks are in the range at once, though only the newest candle is looked at", () => {
  const scene = sceneOf(300);
  const { frame, store } = scene;
  const seen = new SeenRange();
  seen.of(frame, true);
  for (const [high, low] of [[101, 99], [140, 99], [101, 60], [101, 99]]) {
    scene.upsert({
      ...store.candleAt(299)!,
      h: high,
      l: low,
      closed: false,
    });
    assert.deepEqual(seen.of(frame, false).prices, plainly(scene).prices);
  }
});

Deno.test("what was looked at is kept until it is told to forget", () => {
  const scene = sceneOf(300);
  const { frame, store } = scene;
  const seen = new SeenRange();
  const before = seen.of(frame, true).prices;
  scene.upsert({ ...store.candleAt(290)!, h: 500, rev: 1 });
  assert.deepEqual(seen.of(frame, false).prices, before);
  seen.forget();
  assert.deepEqual(seen.of(frame, false).prices, plainly(scene).prices);
});

Deno.test("a volume that grows is followed in steps, and always fits", () => {
  const scene = sceneOf(300);
  const { frame, store } = scene;
  const seen = new SeenRange();
  const steps = new Set<number>();
  for (let v = 13; v < 130; v += 0.1) {
    scene.upsert({ ...store.candleAt(299)!, v, closed: false });
    const { volumeMax } = seen.of(frame, false);
    assert.ok(volumeMax >= plainly(scene).volume && volumeMax < v * 1.25);
    steps.add(volumeMax);
  }
  assert.ok(steps.size < 70, `${steps.size} steps of 1,170 ticks`);
});

Deno.test("without a candle in sight there is no range", () => {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 1200, height: 600, dpr: 1 });
  scene.prepare(0);
  assert.deepEqual(new SeenRange().of(scene.frame, true), {
    prices: null,
    volumeMax: 0,
  });
});
