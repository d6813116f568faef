import assert from "node:assert/strict";
import { render } from "preact-render-to-string";
import { CandleSvg, drawPicture } from "./svg.tsx";
import { axisPxFor, FIRST_VIEWS } from "./geometry.ts";
import { mountCandleChart } from "./candle_chart.ts";
import { xOf, yOf } from "./frame.ts";
import { Scene } from "./scene.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 18, 3, 45);
const CANDLES = Array.from({ length: 200 }, (_, i) => {
  const o = 24200 + Math.sin(i / 7) * 20;
  const c = o + (i % 3 - 1) * 4;
  return {
    t: START + i * MINUTE,
    o,
    h: Math.max(o, c) + 3,
    l: Math.min(o, c) - 3,
    c,
    v: 100 + i,
    closed: i < 199,
  };
});
const PAST = CANDLES.map(({ t, o }) => ({
  t,
  c: o,
  lo95: o - 9,
  hi95: o + 9,
  lo80: o - 5,
  hi80: o + 5,
}));
const FUTURE = [200, 201, 202].map((i) => ({
  t: START + i * MINUTE,
  o: 24200,
  h: 24210,
  l: 24190,
  c: 24205,
  lo95: 24160,
  hi95: 24250,
  lo80: 24180,
  hi80: 24230,
  lo50: 24195,
  hi50: 24215,
}));
const [WIDE] = FIRST_VIEWS;

Deno.test("importing the chart on a server touches no DOM", () => {
  assert.equal(typeof mountCandleChart, "function");
  assert.equal("document" in globalThis, false);
});

Deno.test("CandleSvg renders its pictures in little, with no style attribute and no script", () => {
  const html = render(
    <CandleSvg
      candles={CANDLES}
      past={PAST}
      future={FUTURE}
      intervalMs={MINUTE}
      symbol="NIFTY50"
      timeZone="Asia/Kolkata"
    />,
  );
  assert.ok(!/\sstyle=|<style|<script/.test(html));
  assert.ok(html.includes("120 candles"));
  assert.ok(html.length < 30_000, `${html.length} bytes`);
});

Deno.test("the picture's labels are local times and round prices", () => {
  const { labels } = drawPicture({
    candles: CANDLES,
    intervalMs: MINUTE,
    timeZone: "Asia/Kolkata",
  }, WIDE);
  assert.ok(labels.times.some(({ text }) => text === "11:00"));
  assert.ok(labels.prices.every(({ text }) => /[05]\.00$/.test(text)));
  assert.ok(labels.times.length >= 8);
});

Deno.test("the canvas takes over from the picture without a jump", () => {
  const sizes = [
    { width: 1034, height: 560 },
    { width: 1390, height: 700 },
    { width: 600, height: 558 },
    { width: 360, height: 460 },
    { width: 332, height: 460 },
  ];
  for (const size of sizes) {
    for (const [count, intervalMs] of [[150, 60_000], [6, 3_600_000]]) {
      const candles = CANDLES.slice(-count).map((candle, i) => ({
        ...candle,
        t: START + i * intervalMs,
      }));
      const options = { intervalMs, timeZone: "Asia/Kolkata" };
      const future = FUTURE.map((one, i) => ({
        ...one,
        t: START + (count + i) * intervalMs,
      }));
      const scene = new Scene(options);
      scene.setSize({ ...size, dpr: 1 });
      scene.setHistory(candles);
      scene.setForecasts([], future);
      scene.prepare(START);
      const { frame, store } = scene;
      const view = FIRST_VIEWS.find(({ fromPx }) => size.width >= fromPx)!;
      const picture = drawPicture({ ...options, candles, future }, view);
      const told = `${count} candles on ${size.width} x ${size.height}`;
      assert.equal(Math.round(scene.view.slots), picture.slots, told);
      assert.equal(scene.axisPx, picture.axisPx, told);
      assert.deepEqual(
        frame.timeTicks.map(({ label }) => label),
        picture.labels.times.map(({ text }) => text),
        told,
      );
      assert.deepEqual(
        frame.priceTicks.map(({ label }) => label),
        picture.labels.prices.map(({ text }) => text),
        told,
      );
      const near = (a: number, b: number) =>
        assert.ok(Math.abs(a - b) <= 1.5, `${told}: ${a} and ${b}`);
      for (const [i, { slot }] of frame.timeTicks.entries()) {
        const { share } = picture.labels.times[i];
        near(xOf(frame, slot), share / 100 * frame.plotRight);
      }
      const height = frame.plotBottom - frame.priceTop;
      for (const [i, { price }] of frame.priceTicks.entries()) {
        const { share } = picture.labels.prices[i];
        near(yOf(frame, price), frame.priceTop + share / 100 * height);
      }
      assert.equal(store.length, count);
    }
  }
});

Deno.test("a picture without candles says so and draws no shape", () => {
  const picture = drawPicture({ candles: [], intervalMs: MINUTE }, WIDE);
  assert.equal(picture.legend, "No candles yet");
  assert.ok(!picture.paths.some(({ d }) => d.includes("NaN")));
  assert.deepEqual(picture.labels, { prices: [], times: [] });
});

Deno.test("the axis is as wide as its labels, in steps that the stylesheet knows", () => {
  for (const label of ["1.00", "24,260.00", "83.1250", "1,234,567.00"]) {
    const px = axisPxFor(label);
    assert.ok(px % 8 === 0 && px >= 48 && px <= 128, `${label}: ${px}`);
  }
});
