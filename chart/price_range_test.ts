import assert from "node:assert/strict";
import fc from "fast-check";
import { neededRange, nextRange, paddedRange } from "./price_range.ts";

const price = fc.double({ min: 0.0001, max: 1e6, noNaN: true });
const range = fc.tuple(price, price)
  .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));

Deno.test("nextRange() always holds what is needed, with room above and below", () => {
  fc.assert(fc.property(fc.option(range), range, (current, needed) => {
    const next = nextRange(current, needed);
    assert.ok(next.min <= needed.min && next.max >= needed.max);
    assert.ok(next.max > next.min);
  }));
});

Deno.test("nextRange() keeps the same object while ticks stay inside", () => {
  const current = paddedRange({ min: 100, max: 110 });
  assert.equal(nextRange(current, { min: 100, max: 110.5 }), current);
  assert.equal(nextRange(current, { min: 101, max: 109 }), current);
});

Deno.test("nextRange() follows a price that leaves, and draws in when far too large", () => {
  const current = paddedRange({ min: 100, max: 110 });
  assert.notEqual(nextRange(current, { min: 100, max: 112 }), current);
  assert.notEqual(nextRange(current, { min: 104, max: 106 }), current);
});

Deno.test("a flat price has a range of some height around it", () => {
  const flat = paddedRange({ min: 250, max: 250 });
  assert.ok(flat.min < 250 && flat.max > 250);
});

Deno.test("a wild band cannot squash the candles below two fifths of the height", () => {
  const needed = neededRange({ min: 100, max: 110 }, { min: -1e6, max: 1e6 });
  assert.ok(10 / (needed.max - needed.min) >= 0.4);
});
