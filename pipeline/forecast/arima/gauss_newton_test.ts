import assert from "node:assert/strict";
import { LH } from "../testing/lh.ts";
import { ArmaLikelihood } from "./arma_likelihood.ts";
import { ArmaShape } from "./arma_shape.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { Climber } from "./gauss_newton.ts";
import { minimizeBfgs } from "./minimize_bfgs.ts";
import type { Order } from "./spec.ts";

/** lh with a mean. */
function likelihoodOf(order: Order): ArmaLikelihood {
  const shape = new ArmaShape({
    order,
    seasonal: [0, 0, 0],
    period: 0,
    constant: "mean",
  });
  const columns = [Float64Array.from(LH), new Float64Array(LH.length).fill(1)];
  const filter = new ChandrasekharFilter(
    columns,
    shape.phi.length,
    shape.theta.length,
    shape.lags,
  );
  return new ArmaLikelihood(filter, shape);
}

Deno.test("climb() comes to where BFGS does", () => {
  for (const order of [[1, 0, 0], [0, 0, 2], [1, 0, 1], [3, 0, 0]] as const) {
    const slow = likelihoodOf(order);
    const start = new Float64Array(slow.shape.count).fill(0.1);
    const wanted = minimizeBfgs(slow.atFree, start, {
      gradientMax: 1e-8,
      iterationsMax: 200,
      evaluationsMax: 10_000,
    });
    const quick = likelihoodOf(order);
    const found = new Climber(quick).climb(start, {
      iterationsMax: 50,
      gainMin: 1e-9,
    });
    assert.ok(Math.abs(found.value - wanted.value) < 1e-9, `${order}`);
    found.x.forEach((x, i) => assert.ok(Math.abs(x - wanted.x[i]) < 1e-4));
  }
});

Deno.test("climb() never goes down, nor changes its start", () => {
  const likelihood = likelihoodOf([2, 0, 2]);
  const start = Float64Array.of(2, -2, 1.5, 0.7);
  const before = start.slice();
  let last = likelihood.atFree(start);
  for (let steps = 0; steps < 12; steps++) {
    const { value } = new Climber(likelihood).climb(start, {
      iterationsMax: steps,
      gainMin: 0,
    });
    assert.ok(value <= last);
    last = value;
  }
  assert.deepEqual(start, before);
});

Deno.test("climb() gives up where it is told that it is no use", () => {
  const likelihood = likelihoodOf([1, 0, 1]);
  const start = Float64Array.of(-1, 0.5);
  const asked: number[] = [];
  const { x, value } = new Climber(likelihood).climb(start, {
    iterationsMax: 50,
    gainMin: 1e-9,
    hopeless: (at, gain) => {
      asked.push(at);
      assert.ok(gain > 0);
      return asked.length === 2;
    },
  });
  assert.equal(asked.length, 2);
  assert.equal(value, asked[1]);
  assert.ok(asked[1] < asked[0]);
  assert.ok(Math.abs(likelihood.atFree(x) - value) < 1e-12);
});

Deno.test("climb() of a model without coefficients is its value", () => {
  const likelihood = likelihoodOf([0, 0, 0]);
  const none = new Float64Array(0);
  const { x, value } = new Climber(likelihood).climb(none, {
    iterationsMax: 5,
    gainMin: 0,
  });
  assert.equal(x.length, 0);
  assert.ok(Math.abs(likelihood.atFree(none) - value) < 1e-12);
});
