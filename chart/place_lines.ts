import type { CandleStore } from "./candle_store.ts";
import type { ChartLine } from "./types.ts";

/** A line over the slots in sight: `values[0]` is at slot `from`, NaN where there is none. */
export interface PlacedLine {
  readonly line: ChartLine;
  readonly from: number;
  readonly values: Float64Array;
}

/**
 * Puts a line on the slots in sight.
 *
 * One to compare with is brought to the candles' prices: both begin at the same
 * height at the first slot in sight that has both.
 */
export function placeLine(
  line: ChartLine,
  store: CandleStore,
  first: number,
  last: number,
): PlacedLine {
  const from = Math.max(0, first);
  const to = Math.min(store.length - 1, last);
  const values = new Float64Array(Math.max(0, to - from + 1)).fill(NaN);
  const { points } = line;
  let at = values.length > 0 ? lowerBound(points, store.t[from]) : 0;
  for (let slot = from; slot <= to; slot++) {
    while (at < points.length && points[at].t < store.t[slot]) at++;
    if (at < points.length && points[at].t === store.t[slot]) {
      values[slot - from] = points[at].value;
    }
  }
  if (line.kind === "compare") {
    const k = values.findIndex((value) => value > 0);
    if (k >= 0) {
      const factor = store.c[from + k] / values[k];
      for (let i = 0; i < values.length; i++) values[i] *= factor;
    }
  }
  return { line, from, values };
}

function lowerBound(
  points: readonly { readonly t: number }[],
  t: number,
): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points[middle].t < t) low = middle + 1;
    else high = middle;
  }
  return low;
}
