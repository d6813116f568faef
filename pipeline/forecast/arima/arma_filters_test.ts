import assert from "node:assert/strict";
import fc from "fast-check";
import { seededNormal } from "../testing/make_candles.ts";
import { ArmaLikelihood } from "./arma_likelihood.ts";
import { ArmaShape } from "./arma_shape.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { KalmanFilter } from "./kalman_filter.ts";
import type { ArimaSpec } from "./spec.ts";
import { StationaryStart } from "./stationary_start.ts";

function noise(n: number, seed: number): Float64Array {
  const normal = seededNormal(seed);
  return Float64Array.from({ length: n }, () => normal());
}

const spec = fc.record({
  order: fc.tuple(
    fc.nat({ max: 3 }),
    fc.constant(0),
    fc.nat({ max: 3 }),
  ),
  seasonal: fc.tuple(
    fc.nat({ max: 1 }),
    fc.constant(0),
    fc.nat({ max: 1 }),
  ),
  period: fc.constantFrom(4, 7),
  constant: fc.constant("none" as const),
});

/** A shape with random coefficients inside. */
function shapeOf(spec: ArimaSpec, seed: number): ArmaShape {
  const shape = new ArmaShape(spec);
  const c = new Float64Array(shape.count);
  shape.fromFree(noise(shape.count, seed).map((x) => 0.7 * x), c);
  shape.expand(c);
  return shape;
}

/** Autocovariances in units of sigma2, by the psi weights. */
function autocovariances(shape: ArmaShape, count: number): Float64Array {
  const { phi, theta } = shape;
  const psi = new Float64Array(6_000);
  for (let k = 0; k < psi.length; k++) {
    psi[k] = k === 0 ? 1 : theta[k - 1] ?? 0;
    for (let i = 0; i < phi.length && i < k; i++) {
      psi[k] += phi[i] * psi[k - 1 - i];
    }
  }
  return Float64Array.from({ length: count }, (_, lag) => {
    let sum = 0;
    for (let k = 0; k + lag < psi.length; k++) sum += psi[k] * psi[k + lag];
    return sum;
  });
}

/** Sum of log F and of squares, from the covariance matrix, by Cholesky. */
function plainLikelihood(y: Float64Array, gamma: Float64Array) {
  const at = [...y.keys()].filter((t) => !Number.isNaN(y[t]));
  const L: number[][] = [];
  let sumLogF = 0;
  let squares = 0;
  const u: number[] = [];
  at.forEach((t, i) => {
    const row: number[] = [];
    for (let j = 0; j <= i; j++) {
      let sum = gamma[t - at[j]];
      for (let k = 0; k < j; k++) sum -= row[k] * (L[j] ?? row)[k];
      row.push(j === i ? Math.sqrt(sum) : sum / L[j][j]);
    }
    L.push(row);
    sumLogF += 2 * Math.log(row[i]);
    let error = y[t];
    for (let k = 0; k < i; k++) error -= row[k] * u[k];
    u.push(error / row[i]);
    squares += u[i] * u[i];
  });
  return { sumLogF, squares };
}

function near(a: number, b: number, what: string): void {
  assert.ok(
    Math.abs(a - b) <= 1e-8 * Math.max(1, Math.abs(b)),
    `${what}: ${a}, not ${b}`,
  );
}

const sum = (errors: Float64Array) => errors.reduce((s, e) => s + e * e, 0);

Deno.test("ChandrasekharFilter has the likelihood of the covariance matrix", () => {
  fc.assert(
    fc.property(spec, fc.nat(), (spec, seed) => {
      const shape = shapeOf(spec, seed);
      const y = noise(60, seed + 1);
      const filter = new ChandrasekharFilter(
        [y],
        shape.phi.length,
        shape.theta.length,
        shape.lags,
      );
      assert.ok(filter.run(shape.phi, shape.theta));
      const plain = plainLikelihood(y, autocovariances(shape, 60));
      near(filter.sumLogF, plain.sumLogF, "log F");
      near(sum(filter.errors[0]), plain.squares, "squares");
    }),
    { numRuns: 60 },
  );
});

Deno.test("KalmanFilter with missing values has the likelihood of what is there", () => {
  fc.assert(
    fc.property(
      spec,
      fc.nat(),
      fc.array(fc.nat({ max: 59 }), { maxLength: 25 }),
      (spec, seed, gaps) => {
        const shape = shapeOf(spec, seed);
        const y = noise(60, seed + 1);
        for (const t of gaps) y[t] = NaN;
        const filter = new KalmanFilter(
          [y],
          shape.phi.length,
          shape.theta.length,
          [],
        );
        assert.ok(filter.run(shape.phi, shape.theta));
        const plain = plainLikelihood(y, autocovariances(shape, 60));
        assert.equal(filter.nobs, 60 - new Set(gaps).size);
        near(filter.sumLogF, plain.sumLogF, "log F");
        near(sum(filter.errors[0]), plain.squares, "squares");
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("ChandrasekharFilter's errors are the Kalman filter's, for every column", () => {
  fc.assert(
    fc.property(spec, fc.nat(), (spec, seed) => {
      const shape = shapeOf(spec, seed);
      const columns = [noise(300, seed), new Float64Array(300).fill(1)];
      const p = shape.phi.length;
      const q = shape.theta.length;
      const quick = new ChandrasekharFilter(columns, p, q, shape.lags);
      const plain = new KalmanFilter(columns, p, q, []);
      quick.run(shape.phi, shape.theta);
      plain.run(shape.phi, shape.theta);
      near(quick.sumLogF, plain.sumLogF, "log F");
      quick.errors.forEach((errors, c) =>
        errors.forEach((error, t) => near(error, plain.errors[c][t], `${t}`))
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("KalmanFilter on levels is the filter of their differences when none is missing", () => {
  const deltas = [[1], [2, -1], [0, 0, 0, 1], [1, 0, 0, 1, -1]];
  fc.assert(
    fc.property(
      spec,
      fc.nat(),
      fc.constantFrom(...deltas),
      (spec, seed, delta) => {
        const shape = shapeOf(spec, seed);
        const w = noise(120, seed);
        const y = new Float64Array(120 + delta.length);
        for (let t = 0; t < y.length; t++) {
          y[t] = t < delta.length ? 3 * t : w[t - delta.length];
          if (t < delta.length) continue;
          delta.forEach((weight, k) => y[t] += weight * y[t - 1 - k]);
        }
        const p = shape.phi.length;
        const q = shape.theta.length;
        const levels = new KalmanFilter([y], p, q, delta);
        const differences = new KalmanFilter([w], p, q, []);
        levels.run(shape.phi, shape.theta);
        differences.run(shape.phi, shape.theta);
        assert.equal(levels.nobs, 120);
        assert.equal(levels.diffuse, false);
        near(levels.sumLogF, differences.sumLogF, "log F");
        near(sum(levels.errors[0]), sum(differences.errors[0]), "squares");
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("the filters refuse what is not stationary", () => {
  const y = noise(20, 1);
  for (const phi of [[1], [1.2], [0.6, 0.5], [NaN]]) {
    const one = Float64Array.from(phi);
    const none = new Float64Array(0);
    const lags = phi.map((_, i) => i);
    const quick = new ChandrasekharFilter([y], phi.length, 0, lags);
    assert.equal(quick.run(one, none), false);
    const plain = new KalmanFilter([y], phi.length, 0, []);
    assert.equal(plain.run(one, none), false);
  }
  const shape = new ArmaShape({
    order: [1, 0, 0],
    seasonal: [0, 0, 0],
    period: 0,
    constant: "none",
  });
  const filter = new ChandrasekharFilter([y], 1, 0, shape.lags);
  const likelihood = new ArmaLikelihood(filter, shape);
  assert.equal(likelihood.at(Float64Array.of(1.01)), Infinity);
});

Deno.test("StationaryStart knows the variance of an AR(1) and of an ARMA(1,1)", () => {
  const start = new StationaryStart(1, 1);
  assert.ok(start.compute(Float64Array.of(0.5), Float64Array.of(0.4)));
  const variance = (1 + 2 * 0.5 * 0.4 + 0.16) / 0.75;
  assert.ok(Math.abs(start.gamma[0] - variance) < 1e-12);
});
