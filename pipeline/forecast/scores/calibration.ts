/** Before anything is scored: halfway between a coin and the model's word. */
const PRIOR_MEAN = 0.5;
const PRIOR_SD = 0.5;

/**
 * How much of the stated distance from one half a model has earned, 0 to 1.
 *
 * The distance that its hits had from n / 2 is taken as `k` times the one that
 * it stated, with the noise of a coin; `k` has a normal prior around one half
 * with a standard deviation of one half, and the posterior mean is cut to 0 to
 * 1: nobody is surer than the forecast itself. So a record of thirty forecasts
 * that state little moves it little, and a long one decides.
 *
 * @param record Of the forecasts whose direction was told and came: `stated`
 * is the sum of |P(up) - 1/2|.
 */
export function calibrationOf(
  record: {
    readonly directions: number;
    readonly hits: number;
    readonly stated: number;
  },
): number {
  const { directions, hits, stated } = record;
  const precision = 1 / PRIOR_SD ** 2;
  if (directions === 0) return PRIOR_MEAN;
  const noise = directions / 4;
  const excess = hits - directions / 2;
  const k = (excess * stated / noise + PRIOR_MEAN * precision) /
    (stated * stated / noise + precision);
  return Math.min(1, Math.max(0, k));
}

/** A stated probability, at least one half, brought to what was earned. */
export function calibrate(stated: number, calibration: number): number {
  return 0.5 + calibration * (stated - 0.5);
}
