import assert from "node:assert/strict";
import { reliabilityOf } from "./reliability.ts";

const some = (n: number, up: number, hits: number) =>
  Array.from({ length: n }, (_, i) => ({ up, came: i < hits }));

Deno.test("reliabilityOf() sets what was stated against what came", () => {
  const bins = reliabilityOf([
    ...some(20, 0.8, 15),
    ...some(20, 0.3, 6),
    ...some(20, 0.5, 10),
    ...some(20, 0.6, 9),
    ...some(20, 0.4, 8),
  ]);
  assert.deepEqual(
    bins.map(({ n, stated, came }) => [n, Number(stated.toFixed(6)), came]),
    [
      [20, 0.3, 0.3],
      [20, 0.4, 0.4],
      [20, 0.5, 0.5],
      [20, 0.6, 0.45],
      [20, 0.8, 0.75],
    ],
  );
  for (const { low, came, high } of bins) assert.ok(low < came && came < high);
});

Deno.test("reliabilityOf() makes fewer bins of few, and none of too few", () => {
  assert.equal(reliabilityOf([]).length, 0);
  assert.equal(reliabilityOf(some(7, 0.5, 3)).length, 0);
  const bins = reliabilityOf(some(27, 0.5, 9));
  assert.equal(bins.length, 3);
  assert.equal(bins.reduce((sum, { n }) => sum + n, 0), 27);
});
