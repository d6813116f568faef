import assert from "node:assert/strict";
import fc from "fast-check";
import { logTicks, priceTicks, roundStep, shortNumber } from "./price_ticks.ts";

Deno.test("roundStep() takes 1, 2, 2.5 or 5 times a power of ten", () => {
  assert.deepEqual(
    [0.9, 1.1, 2.1, 2.6, 5.1, 11].map((least) => roundStep(least, 0.01)),
    [1, 2, 2.5, 5, 10, 20],
  );
});

Deno.test("roundStep() never offers a price the instrument cannot have", () => {
  assert.equal(roundStep(0.001, 0.05), 0.05);
  assert.equal(roundStep(0.021, 0.05), 0.05);
  assert.equal(roundStep(2.1, 1), 5);
  assert.equal(roundStep(0.0001, 0.0025), 0.0025);
});

Deno.test("priceTicks() are inside the range, evenly spaced and far enough apart", () => {
  const spans = fc.tuple(
    fc.double({ min: 0, max: 1e5, noNaN: true }),
    fc.double({ min: 0.01, max: 1e5, noNaN: true }),
  );
  fc.assert(fc.property(spans, ([min, span]) => {
    const range = { min, max: min + span };
    const ticks = priceTicks(range, {
      heightPx: 500,
      spacingPx: 40,
      tickSize: 0.0001,
    });
    assert.ok(ticks.length <= 14);
    for (let i = 0; i < ticks.length; i++) {
      assert.ok(ticks[i] >= min - span * 1e-6);
      assert.ok(ticks[i] <= range.max + span * 1e-6);
      if (i === 0) continue;
      const px = (ticks[i] - ticks[i - 1]) / span * 500;
      assert.ok(px >= 39.9, `${px} px`);
    }
  }));
});

Deno.test("priceTicks() of an empty or flat place are none", () => {
  const options = { heightPx: 500, spacingPx: 40, tickSize: 0.01 };
  assert.deepEqual(priceTicks({ min: 5, max: 5 }, options), []);
  assert.deepEqual(
    priceTicks({ min: 1, max: 2 }, { ...options, heightPx: 0 }),
    [],
  );
});

Deno.test("shortNumber() says large volumes in three or four characters", () => {
  assert.deepEqual(
    [0, 7, 999, 1000, 1250, 40_000, 1_500_000, 2e9].map(shortNumber),
    ["0", "7", "999", "1K", "1.3K", "40K", "1.5M", "2B"],
  );
});

Deno.test("logTicks() are round, inside, and no closer than their spacing", () => {
  const price = fc.double({ min: 1e-4, max: 1e6, noNaN: true });
  fc.assert(fc.property(price, price, (a, b) => {
    const min = Math.min(a, b);
    const max = Math.max(a, b);
    fc.pre(max / min > 1.001);
    const options = { heightPx: 400, spacingPx: 50, tickSize: 1e-6 };
    const ticks = logTicks({ min, max }, options);
    const px = (price: number) =>
      Math.log(price / min) / Math.log(max / min) * options.heightPx;
    ticks.forEach((tick, i) => {
      assert.ok(tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9));
      if (i > 0) assert.ok(px(tick) - px(ticks[i - 1]) >= 50 * (1 - 1e-6));
    });
    assert.ok(max / min < 10 || ticks.length >= 1);
  }));
});

Deno.test("logTicks() over decades are at ones and threes, or at ones", () => {
  const options = { heightPx: 400, spacingPx: 40, tickSize: 0.01 };
  assert.deepEqual(
    logTicks({ min: 0.9, max: 1100 }, options).map((tick) =>
      Number(tick.toPrecision(3))
    ),
    [1, 3, 10, 30, 100, 300, 1000],
  );
});
