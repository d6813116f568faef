/** Weight of the past in a step, per one-minute candle (RiskMetrics-like). */
export const EWMA_LAMBDA = 0.97;

/** Errors whose plain mean square the weighting starts from. */
const START = 20;

/**
 * Exponentially weighted mean square of errors, oldest first.
 *
 * Starts from the plain mean square of the first 20 (or of as many as there
 * are); 0 without any.
 *
 * Units: the square of the errors' unit.
 */
export function ewmaVariance(errors: ArrayLike<number>): number {
  const start = Math.min(START, errors.length);
  if (start === 0) return 0;
  let variance = 0;
  for (let i = 0; i < start; i++) variance += errors[i] * errors[i] / start;
  for (let i = start; i < errors.length; i++) {
    variance = nextVariance(variance, errors[i]);
  }
  return variance;
}

/** The variance after one more error. */
export function nextVariance(variance: number, error: number): number {
  return EWMA_LAMBDA * variance + (1 - EWMA_LAMBDA) * error * error;
}
