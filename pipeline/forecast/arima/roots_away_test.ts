import assert from "node:assert/strict";
import { rootsAway } from "./roots_away.ts";

Deno.test("rootsAway() holds roots to their distance, of both polynomials", () => {
  const known = [
    [1 / 1.02, true],
    [-1 / 1.02, true],
    [1 / 1.005, false],
    [-1 / 1.005, false],
  ] as const;
  for (const [value, away] of known) {
    assert.equal(rootsAway({ phi: [value], theta: [] }), away);
    assert.equal(rootsAway({ phi: [], theta: [value] }), away);
  }
  assert.equal(rootsAway({ phi: [], theta: [] }), true);
  assert.equal(rootsAway({ phi: [1 / 1.02], theta: [] }, 1.05), false);
});

Deno.test("rootsAway() sees a pair of complex roots", () => {
  // Modulus 1.005 and 1.02, at an angle of 1.
  const pair = (modulus: number) => [
    2 * Math.cos(1) / modulus,
    -1 / modulus ** 2,
  ];
  assert.equal(rootsAway({ phi: pair(1.005), theta: [] }), false);
  assert.equal(rootsAway({ phi: pair(1.02), theta: [] }), true);
});
