/** Autoregressive terms, differences, moving-average terms. */
export type Order = readonly [p: number, d: number, q: number];

/**
 * What stands in place of 0: a mean of the levels, or a drift, which is what
 * the levels gain a step.
 *
 * As in R, a mean is for series that are not differenced, and a drift for at
 * most one difference, ordinary or seasonal; where more of it would be lost in
 * differencing it is left out. A drift of levels that are not differenced is
 * a straight line: an intercept and a drift.
 */
export type Constant = "none" | "mean" | "drift";

/** A seasonal ARIMA (p,d,q)(P,D,Q)s; `period` is 0 or 1 without a season. */
export interface ArimaSpec {
  readonly order: Order;
  readonly seasonal: Order;
  readonly period: number;
  readonly constant: Constant;
}

/** Such as `arima(1,1,1)` and `arima(0,1,1)(0,1,1)12 drift`. */
export function arimaName(spec: ArimaSpec): string {
  const season = hasSeason(spec)
    ? `(${spec.seasonal.join()})${spec.period}`
    : "";
  const constant = spec.constant === "none" ? "" : ` ${spec.constant}`;
  return `arima(${spec.order.join()})${season}${constant}`;
}

/** Whether anything in it is seasonal. */
export function hasSeason(spec: ArimaSpec): boolean {
  return spec.seasonal.some((terms) => terms > 0);
}

/** Values that differencing takes: d + D s. */
export function lostToDifferencing(spec: ArimaSpec): number {
  const [, d] = spec.order;
  const [, D] = spec.seasonal;
  return d + D * (hasSeason(spec) ? spec.period : 0);
}
