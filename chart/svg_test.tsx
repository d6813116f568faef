import assert from "node:assert/strict";
import { render } from "preact-render-to-string";
import { CandleSvg, drawPicture, Sparkline } from "./svg.tsx";
import { axisPxFor } from "./geometry.ts";
import { mountCandleChart } from "./candle_chart.ts";

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

Deno.test("importing the chart on a server touches no DOM", () => {
  assert.equal(typeof mountCandleChart, "function");
  assert.equal("document" in globalThis, false);
});

Deno.test("CandleSvg renders 150 candles in little, with no style attribute and no script", () => {
  const html = render(
    <CandleSvg
      candles={CANDLES}
      past={PAST}
      intervalMs={MINUTE}
      symbol="NIFTY50"
      timeZone="Asia/Kolkata"
    />,
  );
  assert.ok(!/\sstyle=|<style|<script/.test(html));
  assert.ok(html.includes("last 150") || html.includes("150 candles"));
  assert.ok(html.length < 20_000, `${html.length} bytes`);
});

Deno.test("the picture's labels are local times and round prices", () => {
  const { labels } = drawPicture({
    candles: CANDLES,
    intervalMs: MINUTE,
    timeZone: "Asia/Kolkata",
  });
  assert.ok(labels.times.some(({ text }) => text === "11:00"));
  assert.ok(labels.prices.every(({ text }) => /[05]\.00$/.test(text)));
  assert.ok(labels.times.length >= 10);
});

Deno.test("a picture without candles says so and draws no shape", () => {
  const picture = drawPicture({ candles: [], intervalMs: MINUTE });
  assert.equal(picture.legend, "No candles yet");
  assert.ok(!picture.paths.some(({ d }) => d.includes("NaN")));
  assert.deepEqual(picture.labels, { prices: [], times: [] });
});

Deno.test("Sparkline colours by the base it is compared with", () => {
  const rising = render(<Sparkline values={[1, 3, 2]} />);
  const falling = render(<Sparkline values={[1, 3, 2]} base={2.5} />);
  assert.ok(rising.includes("tc-spark-up"));
  assert.ok(falling.includes("tc-spark-down"));
  assert.ok(!render(<Sparkline values={[]} />).includes("NaN"));
});

Deno.test("the axis is as wide as its labels, in steps that the stylesheet knows", () => {
  for (const label of ["1.00", "24,260.00", "83.1250", "1,234,567.00"]) {
    const px = axisPxFor(label);
    assert.ok(px % 8 === 0 && px >= 48 && px <= 128, `${label}: ${px}`);
  }
});
