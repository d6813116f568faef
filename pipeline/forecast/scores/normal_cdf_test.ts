import assert from "node:assert/strict";
import { normalCdf } from "./normal_cdf.ts";

Deno.test("normalCdf() is right to six digits", () => {
  const known = [[0, 0.5], [1, 0.8413447], [-1.959964, 0.025], [3, 0.9986501]];
  for (const [x, p] of known) assert.ok(Math.abs(normalCdf(x) - p) < 3e-7);
});
