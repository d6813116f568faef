import assert from "node:assert/strict";
import fc from "fast-check";
import { seededNormal } from "../testing/make_candles.ts";
import { ArmaLikelihood } from "./arma_likelihood.ts";
import { ArmaShape } from "./arma_shape.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { LikelihoodSlopes } from "./likelihood_slopes.ts";

const N = 150;

Deno.test("LikelihoodSlopes of short models are the derivatives of errors and value", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 2 }),
      fc.nat({ max: 2 }),
      fc.boolean(),
      fc.nat(),
      (p, q, withMean, seed) => {
        const normal = seededNormal(seed);
        const noise = (n: number) =>
          Float64Array.from({ length: n }, () => normal());
        const shape = new ArmaShape({
          order: [p, 0, q],
          seasonal: [0, 0, 0],
          period: 0,
          constant: "none",
        });
        const columns = [noise(N).map((x) => x + 0.5)];
        if (withMean) columns.push(new Float64Array(N).fill(1));
        const filter = new ChandrasekharFilter(columns, p, q, shape.lags);
        const likelihood = new ArmaLikelihood(filter, shape);
        const slopes = new LikelihoodSlopes(likelihood);
        const x = noise(shape.count);
        assert.ok(slopes.exact);
        assert.ok(slopes.at(x, likelihood.atFree(x)));
        const h = 1e-5;
        for (let i = 0; i < x.length; i++) {
          const at = (step: number) => {
            const moved = x.slice();
            moved[i] += step;
            return likelihood.atFree(moved);
          };
          const wanted = (at(h) - at(-h)) / (2 * h);
          const found = slopes.gradient[i];
          assert.ok(Math.abs(found - wanted) < 1e-6, `${found} ${wanted}`);
          if (withMean) continue;
          at(h);
          const up = filter.errors[0].slice();
          at(-h);
          const down = filter.errors[0];
          slopes.slopes[i].forEach((slope, t) => {
            const difference = (up[t] - down[t]) / (2 * h);
            assert.ok(Math.abs(slope - difference) < 1e-5, `${t}`);
          });
        }
      },
    ),
    { numRuns: 60 },
  );
});
