/**
 * One-step errors of an ARMA for several series at once, all with the same
 * coefficients: the data and its regressors.
 */
export interface ArmaFilter {
  /**
   * Errors, each over the root of its variance F, of each column; 0 where the
   * value is missing or goes into the unknown start.
   */
  readonly errors: readonly Float64Array[];
  /** Sum of log F over the values that count. */
  readonly sumLogF: number;
  /** Values that count. */
  readonly nobs: number;
  /** What a run costs at most, in steps of about a nanosecond. */
  readonly cost: number;
  /**
   * @returns False if the autoregression is not stationary, or too near the
   * edge for the numbers to tell.
   */
  run(phi: Float64Array, theta: Float64Array): boolean;
}
