import assert from "node:assert/strict";
import fc from "fast-check";
import { seededNormal } from "../testing/make_candles.ts";
import { ArmaLikelihood } from "./arma_likelihood.ts";
import { ArmaShape } from "./arma_shape.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { KalmanFilter } from "./kalman_filter.ts";
import { LikelihoodSlopes } from "./likelihood_slopes.ts";

const N = 150;

Deno.test("LikelihoodSlopes of short models are the derivatives of the value", () => {
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
        const value = slopes.valueAt(x);
        const plain = new ArmaLikelihood(
          new KalmanFilter(columns, p, q, []),
          shape,
        ).atFree(x);
        assert.ok(Math.abs(value - plain) < 1e-9, `${value} ${plain}`);
        assert.ok(slopes.slopesAt(x, value));
        const gradient = slopes.gradient.slice();
        const h = 1e-4;
        for (let i = 0; i < x.length; i++) {
          const at = (step: number) => {
            const moved = x.slice();
            moved[i] += step;
            return slopes.valueAt(moved);
          };
          // Differences of the fourth order.
          const wanted = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) /
            (12 * h);
          const found = gradient[i];
          assert.ok(Math.abs(found - wanted) < 1e-8, `${found} ${wanted}`);
        }
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("LikelihoodSlopes have the second derivatives of long series, about", () => {
  const n = 5_000;
  const normal = seededNormal(7);
  const shape = new ArmaShape({
    order: [2, 0, 2],
    seasonal: [0, 0, 0],
    period: 0,
    constant: "none",
  });
  const [ar1, ar2, ma1, ma2] = [1.1, -0.6, 0.5, 0.3];
  const w = new Float64Array(n);
  let e1 = 0;
  let e2 = 0;
  for (let t = 0; t < n; t++) {
    const e = normal();
    w[t] = ar1 * (w[t - 1] ?? 0) + ar2 * (w[t - 2] ?? 0) + e + ma1 * e1 +
      ma2 * e2;
    e2 = e1;
    e1 = e;
  }
  const filter = new ChandrasekharFilter([w], 2, 2, shape.lags);
  const slopes = new LikelihoodSlopes(new ArmaLikelihood(filter, shape));
  const x = shape.toFree(Float64Array.of(ar1, ar2, ma1, ma2));
  slopes.slopesAt(x, slopes.valueAt(x));
  const about = slopes.curvature.slice();
  const scale = Math.max(...about);
  const h = 1e-4;
  for (let i = 0; i < 4; i++) {
    const gradientAt = (step: number) => {
      const moved = x.slice();
      moved[i] += step;
      slopes.slopesAt(moved, slopes.valueAt(moved));
      return slopes.gradient.slice();
    };
    const up = gradientAt(h);
    const down = gradientAt(-h);
    for (let j = 0; j < 4; j++) {
      const exact = (up[j] - down[j]) / (2 * h);
      assert.ok(
        Math.abs(about[i * 4 + j] - exact) < 0.05 * scale,
        `${i} ${j}: ${about[i * 4 + j]} ${exact}`,
      );
    }
  }
});
