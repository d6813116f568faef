/** Why a series cannot be fitted for its values, or `null` if it can. */
export function firstNotFinite(series: Float64Array): string | null {
  for (let i = 0; i < series.length; i++) {
    if (!Number.isFinite(series[i])) {
      return `value ${i} of ${series.length} is ${series[i]}, not a finite ` +
        `number`;
    }
  }
  return null;
}

/** The series differenced `d` times; d values shorter. */
export function difference(series: Float64Array, d: number): Float64Array {
  let out = series;
  for (let k = 0; k < d; k++) {
    const next = new Float64Array(Math.max(0, out.length - 1));
    for (let i = 0; i < next.length; i++) next[i] = out[i + 1] - out[i];
    out = next;
  }
  return out;
}
