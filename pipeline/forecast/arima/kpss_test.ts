import assert from "node:assert/strict";
import { LH } from "../testing/lh.ts";
import { seededRandom } from "../testing/make_candles.ts";
import { differencesByKpss, kpssStatistic } from "./kpss.ts";

function summed(x: Float64Array): Float64Array {
  let sum = 0;
  return x.map((value) => sum += value);
}

const near = (got: number, wanted: number) =>
  assert.ok(
    Math.abs(got - wanted) <= 1e-9 * wanted,
    `${got} is not ${wanted}`,
  );

const lh = Float64Array.from(LH);

Deno.test("kpssStatistic() agrees with R's urca of lh and its sums", () => {
  near(kpssStatistic(lh), 0.367889110815209);
  near(kpssStatistic(summed(lh)), 2.47489977259652);
  const centred = summed(lh.map((x) => x - 2.4));
  near(kpssStatistic(centred), 0.604923190572538);
  near(kpssStatistic(summed(centred)), 2.46580282440568);
  const wave = Float64Array.from(
    { length: 300 },
    (_, i) => Math.sin(i * i / 7),
  );
  near(kpssStatistic(wave), 1.15207385606484);
  near(kpssStatistic(wave.map((x, i) => x + i / 100)), 6.24751025989555);
});

Deno.test("differencesByKpss() agrees with R's ndiffs of lh and its sums", () => {
  assert.equal(differencesByKpss(lh), 0);
  assert.equal(differencesByKpss(summed(lh)), 1);
  assert.equal(differencesByKpss(summed(summed(lh.map((x) => x - 2.4)))), 2);
  assert.equal(differencesByKpss(summed(summed(lh)), 1), 1);
});

Deno.test("differencesByKpss() does not see the unit of the series, nor its level", () => {
  const walk = summed(lh.map((x) => x - 2.4));
  for (const scale of [1e-200, 1, 1e200, -1]) {
    assert.equal(differencesByKpss(lh.map((x) => scale * x)), 0);
    assert.equal(differencesByKpss(walk.map((x) => scale * (x + 1e6))), 1);
  }
});

Deno.test("differencesByKpss() of series without a spread, short ones and none is 0", () => {
  assert.equal(differencesByKpss(new Float64Array(0)), 0);
  assert.equal(differencesByKpss(Float64Array.of(5)), 0);
  assert.equal(differencesByKpss(new Float64Array(50).fill(0.1)), 0);
  assert.equal(differencesByKpss(new Float64Array(50).fill(NaN)), 0);
});

Deno.test("differencesByKpss() of a straight line is 1", () => {
  const line = Float64Array.from({ length: 100 }, (_, i) => 3 + i / 10);
  assert.equal(differencesByKpss(line), 1);
});

Deno.test("differencesByKpss() sees a random walk through gaps", () => {
  const random = seededRandom(5);
  const walk = summed(Float64Array.from({ length: 240 }, () => random() - 0.5));
  const everyFourth = walk.map((x, t) => t % 4 === 0 ? NaN : x);
  assert.equal(differencesByKpss(everyFourth), 1);
  const halves = walk.map((x, t) => t === 100 ? NaN : x);
  assert.equal(differencesByKpss(halves), differencesByKpss(walk.slice(101)));
});

Deno.test("differencesByKpss() differences white noise in about 5 % of cases", () => {
  const random = seededRandom(9);
  let differenced = 0;
  for (let run = 0; run < 400; run++) {
    const noise = Float64Array.from({ length: 200 }, () => random());
    if (differencesByKpss(noise) > 0) differenced++;
  }
  assert.ok(differenced > 5 && differenced < 40, `${differenced} of 400`);
});
