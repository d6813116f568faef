import assert from "node:assert/strict";
import { epochMicros } from "../../domain/time.ts";
import { seededNormal, seededRandom } from "../testing/make_candles.ts";
import { addScore, NO_SCORES } from "./add_score.ts";
import { scoreClose } from "./score_forecast.ts";
import { suspiciousEdge } from "./suspicious_edge.ts";

/** Scores of forecasts of a price, each from the price before it. */
function sumsOf(
  steps: readonly { readonly expected: number; readonly came: number }[],
) {
  const last = 1_000;
  return steps.map(({ expected, came }, i) => {
    const close = last + expected;
    return {
      ...scoreClose({
        close,
        last,
        se: 1e-3,
        lo50: close,
        hi50: close,
        lo80: close,
        hi80: close,
        lo95: close,
        hi95: close,
      }, last + came),
      t: epochMicros(i),
    };
  }).reduce(addScore, NO_SCORES);
}

/** Moves of which a share of the variance is foretold. */
function foretold(n: number, share: number, seed: number) {
  const normal = seededNormal(seed);
  return Array.from({ length: n }, () => {
    const expected = Math.sqrt(share) * normal();
    return { expected, came: expected + Math.sqrt(1 - share) * normal() };
  });
}

Deno.test("suspiciousEdge() flags who sees what comes, whole or in part, from 30 forecasts on", () => {
  for (let seed = 0; seed < 20; seed++) {
    assert.match(
      suspiciousEdge(sumsOf(foretold(30, 1, seed))) ?? "",
      /100 % smaller .* looks like a leak/,
    );
    assert.equal(suspiciousEdge(sumsOf(foretold(29, 1, seed))), null);
    assert.notEqual(suspiciousEdge(sumsOf(foretold(240, 0.8, seed))), null);
  }
});

Deno.test("suspiciousEdge() flags a direction that is always right, if the price is liquid", () => {
  const random = seededRandom(2);
  const right = (moves: number) =>
    Array.from({ length: 240 }, () => {
      const came = random() < moves ? (random() < 0.5 ? -1 : 1) : 0;
      return { expected: 0.05 * (came || 1), came };
    });
  assert.match(
    suspiciousEdge(sumsOf(right(0.95))) ?? "",
    /^Its direction was right 100 % of/,
  );
  // A last trade that jumps between bid and ask can only jump back.
  assert.equal(suspiciousEdge(sumsOf(right(0.5))), null);
});

Deno.test("suspiciousEdge() lets the market that is predictable on purpose pass, however long", () => {
  for (const n of [30, 120, 240]) {
    for (let seed = 0; seed < 300; seed++) {
      assert.equal(
        suspiciousEdge(sumsOf(foretold(n, 0.36, seed))),
        null,
        `${n} forecasts, seed ${seed}`,
      );
    }
  }
  assert.equal(suspiciousEdge(sumsOf(foretold(100_000, 0.36, 1))), null);
  assert.equal(suspiciousEdge(NO_SCORES), null);
});
