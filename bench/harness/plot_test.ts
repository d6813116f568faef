import assert from "node:assert/strict";
import { plotSvg } from "./plot.ts";

const PLOT = {
  name: "load",
  title: "Rate & load",
  x: "sent",
  y: "committed",
  logX: true,
  lines: [
    { name: "half", points: [[10, 0], [100, 80], [1_000, 200]] as const },
    { name: "most", points: [[10, 100], [1_000, 50]] as const },
  ],
};

Deno.test("plotSvg() places points on both axes, whatever their scale", () => {
  const svg = plotSvg(PLOT);
  const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)]
    .map(([, x, y]) => [Number(x), Number(y)]);
  assert.deepEqual(dots[0], [84, 264], "zero is at the bottom left");
  assert.deepEqual(dots[2], [624, 44], "the largest of both at the top right");
  assert.equal(dots[1][0], 354, "a tenth is half way on a log scale");
  assert.equal(dots[1][1], 264 - 0.4 * 220);
  assert.equal(dots.length, 5);
});

Deno.test("plotSvg() escapes what it is given", () => {
  const svg = plotSvg({ ...PLOT, title: `<b> & "c"` });
  assert.ok(svg.includes(`aria-label="&lt;b> &amp; &quot;c&quot;"`));
  assert.ok(!svg.includes("<b>"));
});

Deno.test("plotSvg() takes one point, and zeros", () => {
  const lines = [{ name: "one", points: [[5, 0]] as const }];
  assert.ok(!plotSvg({ ...PLOT, lines }).includes("NaN"));
});
