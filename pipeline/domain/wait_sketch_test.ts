import assert from "node:assert/strict";
import { WaitSketch } from "./wait_sketch.ts";

Deno.test("quantiles of a sketch are those of its waits, within a tenth", () => {
  const sketch = new WaitSketch();
  const waits: number[] = [];
  let x = 1;
  for (let i = 0; i < 10_000; i++) {
    x = x * 48_271 % 2_147_483_647;
    const ms = 0.3 * 10 ** (x / 2_147_483_647 * 5);
    waits.push(ms);
    sketch.add(ms);
  }
  waits.sort((a, b) => a - b);
  const told = sketch.waits()!;
  assert.equal(told.n, 10_000);
  assert.equal(told.max, waits.at(-1));
  for (const [q, value] of [[0.5, told.p50], [0.99, told.p99]]) {
    const exact = waits[Math.ceil(q * waits.length) - 1];
    assert.ok(
      value >= exact && value < 1.1 * exact,
      `${q}: ${value}, ${exact}`,
    );
  }
});

Deno.test("a wait counts for as many as had it", () => {
  const sketch = new WaitSketch();
  sketch.add(1, 98);
  sketch.add(1_000, 2);
  const { n, p50, p99 } = sketch.waits()!;
  assert.equal(n, 100);
  assert.ok(p50 < 1.1, `${p50}`);
  assert.equal(p99, 1_000);
});

Deno.test("a wait is told for one to two turns, then forgotten", () => {
  const sketch = new WaitSketch();
  assert.equal(sketch.waits(), null);
  sketch.add(7);
  sketch.turn();
  assert.equal(sketch.waits()!.n, 1);
  sketch.turn();
  assert.equal(sketch.waits(), null);
});

Deno.test("a clock that was put back and waits of days have a place", () => {
  const sketch = new WaitSketch();
  sketch.add(-50);
  assert.deepEqual(sketch.waits(), { n: 1, p50: 0, p99: 0, max: 0 });
  sketch.add(86_400_000, 9);
  assert.equal(sketch.waits()!.p99, 86_400_000);
});
