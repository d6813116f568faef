import assert from "node:assert/strict";
import { flingAt, flingSpeed, glideLeft } from "./motion.ts";

Deno.test("flingSpeed() is that of the last moments", () => {
  const places = [
    { x: 500, at: 0 },
    { x: 100, at: 950 },
    { x: 150, at: 975 },
    { x: 200, at: 1000 },
  ];
  assert.equal(flingSpeed(places, 1000), 2);
});

Deno.test("a finger that rested before it left flings nothing", () => {
  assert.equal(flingSpeed([{ x: 0, at: 0 }, { x: 80, at: 40 }], 400), 0);
  assert.equal(flingSpeed([{ x: 0, at: 0 }], 5), 0);
  assert.equal(flingSpeed([{ x: 0, at: 0 }, { x: 2, at: 90 }], 95), 0);
  assert.equal(flingSpeed([], 5), 0);
});

Deno.test("a fling slows down, comes to rest, and never turns back", () => {
  let before = 0;
  for (let ms = 0; ms <= 5_000; ms += 16) {
    const { px } = flingAt(2, ms);
    assert.ok(px >= before);
    before = px;
  }
  assert.equal(flingAt(2, 16).rests, false);
  assert.equal(flingAt(2, 5_000).rests, true);
});

Deno.test("a glide begins with the whole way and ends at none", () => {
  assert.equal(glideLeft(0), 1);
  assert.equal(glideLeft(10_000), 0);
  assert.ok(glideLeft(50) > glideLeft(100));
});
