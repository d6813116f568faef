/** One-minute candles, before the first one scored, that the scale is of. */
export const SCALE_CANDLES = 240;

/**
 * What the mean absolute scaled error is scaled by: the mean absolute change
 * from one minute's close to the next in the sample before the forecasts that
 * are scored, so the error of "no change" in-sample. Changes over gaps are no
 * minute's and left out. In price.
 *
 * Source: Hyndman & Koehler (2006).
 *
 * @param candles Ascending; the newest 240 count.
 * @returns `null` if no two of them follow each other.
 */
export function naiveScale(
  candles: readonly {
    readonly t: number;
    readonly end: number;
    readonly close: number;
    readonly whole: boolean;
  }[],
): number | null {
  let sum = 0;
  let n = 0;
  const from = Math.max(1, candles.length - SCALE_CANDLES + 1);
  for (let i = from; i < candles.length; i++) {
    const [before, candle] = [candles[i - 1], candles[i]];
    if (before.end !== candle.t || !before.whole || !candle.whole) continue;
    sum += Math.abs(candle.close - before.close);
    n++;
  }
  return n === 0 ? null : sum / n;
}
