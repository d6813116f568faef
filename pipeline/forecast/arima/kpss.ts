import { difference } from "../series_check.ts";

/** Value of the statistic that a level-stationary series exceeds in 5 %. */
const CRITICAL_5_PERCENT = 0.463;

/**
 * The statistic of Kwiatkowski, Phillips, Schmidt & Shin (1992) for
 * stationarity around a level: large where the series wanders.
 *
 * Long-run variance by Bartlett weights over trunc(3 sqrt(n) / 13) lags, as
 * R's `forecast::ndiffs` takes them. 0 for a series without a spread.
 *
 * Shape: x (n), without missing values.
 */
export function kpssStatistic(x: Float64Array): number {
  const n = x.length;
  const lags = Math.trunc(3 * Math.sqrt(n) / 13);
  const z = standardised(x);
  if (z === null) return 0;
  let level = 0;
  let eta = 0;
  for (let t = 0; t < n; t++) {
    level += z[t];
    eta += level * level;
  }
  let longRun = 0;
  for (let lag = 0; lag <= lags; lag++) {
    let sum = 0;
    for (let t = lag; t < n; t++) sum += z[t] * z[t - lag];
    longRun += sum * (lag === 0 ? 1 : 2 * (1 - lag / (lags + 1)));
  }
  return longRun > 0 ? eta / n / longRun : 0;
}

/** Less its mean, over its largest distance from it; `null` without any. */
function standardised(x: Float64Array): Float64Array | null {
  const n = x.length;
  let mean = 0;
  let largest = 0;
  for (const value of x) {
    mean += value / n;
    largest = Math.max(largest, Math.abs(value));
  }
  let distance = 0;
  for (const value of x) distance = Math.max(distance, Math.abs(value - mean));
  // What rounding of the mean alone can make is no spread.
  if (!(distance > 1e-14 * largest)) return null;
  return x.map((value) => (value - mean) / distance);
}

/**
 * How often a series must be differenced to be stationary, 0 to `max`: until
 * the KPSS test at 5 % lets it pass, or it is constant.
 *
 * Missing values are `NaN`. The longest stretch without any is tested, as in
 * R, unless it has under half of the values: then all that are there, closed
 * up.
 *
 * Source: Hyndman & Khandakar (2008), section 3.1.
 */
export function differencesByKpss(y: Float64Array, max = 2): number {
  let x = testable(y);
  let d = 0;
  while (d < max && kpssStatistic(x) > CRITICAL_5_PERCENT) {
    x = difference(x, 1);
    d++;
  }
  return d;
}

function testable(y: Float64Array): Float64Array {
  const present = y.filter((value) => !Number.isNaN(value));
  let from = 0;
  let longest = y.subarray(0, 0);
  for (let t = 0; t <= y.length; t++) {
    if (t < y.length && !Number.isNaN(y[t])) continue;
    if (t - from > longest.length) longest = y.subarray(from, t);
    from = t + 1;
  }
  return 2 * longest.length >= present.length ? longest : present;
}
