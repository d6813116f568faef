/** Sum of products, in two sums that do not wait for each other. */
export function dot(a: Float64Array, b: Float64Array): number {
  return laggedDot(a, b, 0, 0);
}

/** Sum of a_t b_(t-lag) from `from` on, which is at least `lag`. */
export function laggedDot(
  a: Float64Array,
  b: Float64Array,
  lag: number,
  from: number,
): number {
  const n = a.length;
  let even = 0;
  let odd = 0;
  let t = from;
  for (; t + 1 < n; t += 2) {
    even += a[t] * b[t - lag];
    odd += a[t + 1] * b[t + 1 - lag];
  }
  if (t < n) even += a[t] * b[t - lag];
  return even + odd;
}

/** Writes sums of a_t a_(t-lag) for the lags `step`, 2 `step`… */
export function laggedSquares(
  a: Float64Array,
  step: number,
  out: Float64Array,
): void {
  const n = a.length;
  let k = 0;
  // Four at a time, so that none waits for the sum before it.
  for (; k + 4 <= out.length; k += 4) {
    const lag = (k + 1) * step;
    const longest = lag + 3 * step;
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    for (let t = lag; t < Math.min(longest, n); t++) {
      first += a[t] * a[t - lag];
      if (t >= lag + step) second += a[t] * a[t - lag - step];
      if (t >= lag + 2 * step) third += a[t] * a[t - lag - 2 * step];
    }
    for (let t = longest; t < n; t++) {
      const value = a[t];
      first += value * a[t - lag];
      second += value * a[t - lag - step];
      third += value * a[t - lag - 2 * step];
      fourth += value * a[t - longest];
    }
    out[k] = first;
    out[k + 1] = second;
    out[k + 2] = third;
    out[k + 3] = fourth;
  }
  for (; k < out.length; k++) {
    const lag = (k + 1) * step;
    out[k] = lag < n ? laggedDot(a, a, lag, lag) : 0;
  }
}
