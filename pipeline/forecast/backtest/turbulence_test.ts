import assert from "node:assert/strict";
import { seededRandom } from "../testing/make_candles.ts";
import { Turbulence } from "./turbulence.ts";

Deno.test("Turbulence tells the coverage of the minutes with the largest spreads", () => {
  const random = seededRandom(1);
  const turbulence = new Turbulence();
  const all: { spread: number; inside95: boolean }[] = [];
  for (let i = 0; i < 3_000; i++) {
    const spread = Math.exp(-9 + 3 * random());
    const inside95 = random() < 1 - spread * 100;
    all.push({ spread, inside95 });
    turbulence.add(spread, { inside50: false, inside80: true, inside95 });
  }
  const third = all.toSorted((a, b) => b.spread - a.spread).slice(0, 1_000);
  const wanted = third.filter((one) => one.inside95).length / 1_000;
  const found = turbulence.mostTurbulent(1 / 3);
  assert.equal(found.n, 1_000);
  assert.ok(Math.abs((found.coverage95 ?? 0) - wanted) < 2e-3);
  assert.equal(found.coverage50, 0);
  assert.ok(Math.abs((found.coverage80 ?? 0) - 1) < 1e-12);
});

Deno.test("Turbulence takes spreads of any size, and none", () => {
  const turbulence = new Turbulence();
  assert.equal(turbulence.mostTurbulent(0.5).coverage95, null);
  for (const spread of [0, 1e-300, 1, 1e9]) {
    turbulence.add(spread, { inside50: true, inside80: true, inside95: true });
  }
  assert.deepEqual(turbulence.mostTurbulent(0.5), {
    n: 2,
    coverage50: 1,
    coverage80: 1,
    coverage95: 1,
  });
});
