import { takeArray } from "./split_array.ts";

/** Cycles that a smoother of one season looks at; STL's n_(s). */
const SEASONAL_WINDOW = 11;
const INNER_LOOPS = 2;
/** Strength from which a series is differenced seasonally. */
const STRENGTH_MIN = 0.64;

/**
 * How often a series is to be differenced by its season, 0 or 1: once if the
 * season makes up most of what the trend leaves.
 *
 * The rule of R's `forecast::nsdiffs`: a strength above 0.64, and more than
 * two periods of values.
 *
 * Source: Wang, Smith & Hyndman (2006); Hyndman & Athanasopoulos (2021),
 * section 9.1.
 */
export function seasonalDifferences(y: Float64Array, period: number): 0 | 1 {
  return seasonalStrength(y, period) > STRENGTH_MIN ? 1 : 0;
}

/**
 * Strength of the season, 0 to 1: 1 - var(remainder) / var(season + remainder)
 * of the STL decomposition. 0 without a spread, or up to two periods of values,
 * or where some season has too few that are there.
 *
 * Missing values are `NaN` and have no weight.
 *
 * Source: Cleveland, Cleveland, McRae & Terpenning (1990), section 2, without
 * robustness weights; their steps are named below.
 */
export function seasonalStrength(y: Float64Array, period: number): number {
  const n = y.length;
  if (period < 2 || n <= 2 * period) return 0;
  const x = standardised(y);
  if (x === null) return 0;
  const trendWindow = nextOdd(
    Math.ceil(1.5 * period / (1 - 1.5 / SEASONAL_WINDOW)),
  );
  let trend: Float64Array = takeArray(n);
  let season: Float64Array = takeArray(n);
  for (let loop = 0; loop < INNER_LOOPS; loop++) {
    // Steps 1 and 2: less the trend; each season smoothed over its cycles.
    const cycles = smoothCycles(x.map((value, t) => value - trend[t]), period);
    // Steps 3 and 4: less what is slow in it.
    const slow = loess(
      movingMean(movingMean(movingMean(cycles, period), period), 3),
      nextOdd(period),
    );
    season = slow.map((value, t) => cycles[t + period] - value);
    // Steps 5 and 6: the trend of what is left.
    trend = loess(x.map((value, t) => value - season[t]), trendWindow);
  }
  const rest = x.map((value, t) => value - trend[t] - season[t]);
  const seasonal = x.map((value, t) => value - trend[t]);
  const strength = 1 - variance(rest) / variance(seasonal);
  return strength > 0 ? strength : 0;
}

/** On a scale of 1 around 0; `null` without a spread. */
function standardised(y: Float64Array): Float64Array | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of y) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const middle = low / 2 + high / 2;
  const half = high / 2 - low / 2;
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (!(half > 1e-14 * largest)) return null;
  return y.map((value) => (value - middle) / half);
}

function nextOdd(n: number): number {
  return n % 2 === 1 ? n : n + 1;
}

/** Smooths each season over the cycles, one cycle further at both ends. */
function smoothCycles(x: Float64Array, period: number): Float64Array {
  const out = takeArray(x.length + 2 * period);
  for (let season = 0; season < period; season++) {
    const count = Math.ceil((x.length - season) / period);
    const cycle = Float64Array.from(
      { length: count },
      (_, i) => x[season + i * period],
    );
    for (let i = -1; i <= count; i++) {
      out[season + (i + 1) * period] = fitAt(cycle, i, SEASONAL_WINDOW, 0);
    }
  }
  return out;
}

function movingMean(x: Float64Array, width: number): Float64Array {
  const out = takeArray(x.length - width + 1);
  let sum = 0;
  for (let t = 0; t < x.length; t++) {
    sum += x[t];
    if (t >= width) sum -= x[t - width];
    if (t >= width - 1) out[t - width + 1] = sum / width;
  }
  return out;
}

/** Locally linear smooth of each value. */
function loess(x: Float64Array, window: number): Float64Array {
  return x.map((_, t) => fitAt(x, t, window, 1));
}

/**
 * Locally weighted regression of degree 0 or 1 at position `at`, by tricube
 * weights of the `window` nearest values; `NaN` if none of them is there.
 */
function fitAt(
  x: Float64Array,
  at: number,
  window: number,
  degree: 0 | 1,
): number {
  const n = x.length;
  const width = Math.min(window, n);
  const from = Math.max(
    0,
    Math.min(n - width, Math.trunc(at - (width - 1) / 2)),
  );
  const to = from + width - 1;
  const reach = Math.max(at - from, to - at) + Math.max(0, (window - n) >> 1);
  let weights = 0;
  let first = 0;
  let second = 0;
  let sum = 0;
  let moment = 0;
  for (let t = from; t <= to; t++) {
    const away = Math.abs(t - at) / reach;
    if (away > 0.999 || Number.isNaN(x[t])) continue;
    const weight = away <= 0.001 ? 1 : (1 - away ** 3) ** 3;
    weights += weight;
    first += weight * (t - at);
    second += weight * (t - at) ** 2;
    sum += weight * x[t];
    moment += weight * (t - at) * x[t];
  }
  const spread = weights * second - first * first;
  return degree === 1 && spread > 1e-12 * weights * second
    ? (second * sum - first * moment) / spread
    : sum / weights;
}

/** Mean square around the mean of what is not `NaN`. */
function variance(x: Float64Array): number {
  const present = x.filter((value) => !Number.isNaN(value));
  let mean = 0;
  for (const value of present) mean += value / present.length;
  let sum = 0;
  for (const value of present) sum += (value - mean) ** 2;
  return sum / present.length;
}
