import assert from "node:assert/strict";
import fc from "fast-check";
import { partitionOf } from "./hash.ts";
import { PartitionLayout, readDivisions } from "./partition_layout.ts";

Deno.test("divisions are read as a warehouse keeps them", () => {
  assert.deepEqual(readDivisions("4"), [{ partitions: 4, tag: "" }]);
  assert.deepEqual(readDivisions("4 8/k3f9a2 24/1"), [
    { partitions: 4, tag: "" },
    { partitions: 8, tag: "k3f9a2" },
    { partitions: 24, tag: "1" },
  ]);
  for (const wrong of ["", "0", "x", "4 6/a", "4 4/a", "8 4/a", "4  8/a"]) {
    assert.equal(readDivisions(wrong), null, wrong);
  }
});

Deno.test("whatever is in a part was in the partition that it is a part of", () => {
  fc.assert(fc.property(
    fc.string(),
    fc.integer({ min: 1, max: 64 }),
    fc.integer({ min: 2, max: 8 }),
    (symbol, first, by) => {
      const layout = new PartitionLayout(first);
      const before = layout.of(symbol);
      layout.become([
        { partitions: first, tag: "" },
        { partitions: first * by, tag: "a" },
      ]);
      assert.equal(layout.of(symbol) % first, before);
      assert.equal(layout.of(symbol), partitionOf(symbol, first * by));
      assert.deepEqual(
        new Set(layout.everOf(symbol)),
        new Set([layout.of(symbol), before]),
      );
      assert.equal(layout.first, first);
    },
  ));
});

Deno.test("the work of each partition is done, also of those that come later", async () => {
  const layout = new PartitionLayout(2);
  const stop = new AbortController();
  const { signal } = stop;
  const begun: number[] = [];
  const all = layout.forEach(signal, (p) => {
    begun.push(p);
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve())
    );
  });
  assert.deepEqual(begun, [0, 1]);
  const divisions = [{ partitions: 2, tag: "" }, { partitions: 4, tag: "a" }];
  layout.become(divisions);
  layout.become(divisions);
  assert.deepEqual(begun, [0, 1, 2, 3]);
  stop.abort();
  await all;
  layout.become([...divisions, { partitions: 8, tag: "b" }]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

Deno.test("work of a partition that fails is told", async () => {
  const layout = new PartitionLayout(1);
  const { signal } = new AbortController();
  await assert.rejects(
    layout.forEach(signal, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
});
