import type { ArmaLikelihood } from "./arma_likelihood.ts";
import { hannanRissanen } from "./hannan_rissanen.ts";
import { minimizeBfgs, type Minimum } from "./minimize_bfgs.ts";

export function searchMaximum(
  likelihood: ArmaLikelihood,
  w: Float64Array,
  evaluationsMax: number,
): Minimum {
  const { shape } = likelihood;
  const { arLags, maLags } = shape;
  const filled = w.map((value) => Number.isNaN(value) ? 0 : value);
  const start = hannanRissanen(filled, arLags, maLags);
  const x = start === null
    ? new Float64Array(shape.count)
    : shape.toFree(shape.fromLags(start));
  return minimizeBfgs(likelihood.atFree, x, {
    gradientMax: 1e-7,
    iterationsMax: 200,
    evaluationsMax,
  });
}
