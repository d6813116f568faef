import type { ArimaSpec } from "./spec.ts";

/**
 * A fitted ARIMA and where it stands: plain data, enough to forecast and to
 * go on exactly.
 *
 * With w_t = y_t - sum delta_i y_(t-i) the differenced series and z_t = w_t -
 * center_t: z_t = sum phi_i z_(t-i) + e_t + sum theta_j e_(t-j). Seasonal
 * factors are multiplied out. The sign of theta is R's.
 *
 * The state is of the single source of error form (Pearlman 1980):
 * state_i = sum over k > i of phi_k z_(t+i+1-k) + theta_k e_(t+i+1-k), what is
 * known at t of z_(t+1+i).
 *
 * Shapes: phi (p + s P), theta (q + s Q), delta and levels (d + s D),
 * state (m = max of the first two), covariance (m + d + s D, squared).
 */
export interface ArimaModel {
  readonly kind: "arima";
  readonly spec: ArimaSpec;
  readonly phi: readonly number[];
  readonly theta: readonly number[];
  readonly delta: readonly number[];
  /** Variance of the innovations, in the square of the series' unit. */
  readonly sigma2: number;
  /** Mean of the next w: 0, the mean, or what the drift makes of it. */
  readonly center: number;
  /** What `center` gains a step: the drift where nothing is differenced. */
  readonly slope: number;
  readonly state: readonly number[];
  /** Last values of the series, newest first. */
  readonly levels: readonly number[];
  /**
   * Of (state, levels) as errors, row by row, in units of sigma2; `null` once
   * it is 0, when the past is as good as known from its start.
   */
  readonly covariance: readonly number[] | null;
}
