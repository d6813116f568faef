import assert from "node:assert/strict";
import { autocorrelations } from "./error_autocorrelations.ts";

Deno.test("autocorrelations() are sums of products over the sum of squares", () => {
  const e = Float64Array.of(1, 2, -1, 0, 3, -2);
  const squares = 1 + 4 + 1 + 0 + 9 + 4;
  assert.deepEqual([...autocorrelations(e, 1, 60)], [
    (2 - 2 + 0 + 0 - 6) / squares,
    (-1 + 0 - 3 + 0) / squares,
    (0 + 6 + 2) / squares,
  ]);
  assert.deepEqual([...autocorrelations(e, 3, 60)], [8 / squares]);
  assert.equal(autocorrelations(e, 1, 2).length, 2);
  assert.deepEqual([...autocorrelations(new Float64Array(4), 1, 9)], [0, 0]);
});
