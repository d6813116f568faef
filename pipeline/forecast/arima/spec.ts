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

/** Steps of a season; 1 without one. */
export function seasonOf(spec: ArimaSpec): number {
  return hasSeason(spec) ? spec.period : 1;
}

/** Values that differencing takes: d + D s. */
export function lostToDifferencing(spec: ArimaSpec): number {
  const [, d] = spec.order;
  const [, D] = spec.seasonal;
  return d + D * seasonOf(spec);
}

/** Largest count of terms or differences of a kind. */
const TERMS_MAX = 50;

/** What is wrong with a spec, or `null`. */
export function specError(spec: ArimaSpec): string | null {
  const terms = [...spec.order, ...spec.seasonal];
  const whole = (x: number) => Number.isInteger(x) && x >= 0;
  if (terms.length !== 6 || !terms.every((x) => whole(x) && x <= TERMS_MAX)) {
    return `the orders (${spec.order.join()})(${spec.seasonal.join()}) must be ` +
      `whole numbers from 0 to ${TERMS_MAX}`;
  }
  if (!whole(spec.period)) {
    return `the period ${spec.period} must be a whole number from 0 up`;
  }
  if (hasSeason(spec) && spec.period < 2) {
    return `a seasonal order needs a period of 2 or more, not ${spec.period}`;
  }
  return null;
}
