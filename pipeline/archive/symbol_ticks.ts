/**
 * Ticks of one instrument in their total order: (ts, feed, seq), and those of
 * one place by price.
 *
 * Shapes: all columns hold `length` values. Units: `ts` in EpochMicros,
 * `price` and `size` in whole counts of the scales, `feed` as `feedOrder`.
 */
export interface SymbolTicks {
  readonly length: number;
  readonly priceScale: number;
  readonly sizeScale: number;
  readonly ts: Float64Array;
  readonly price: Float64Array;
  readonly size: Float64Array;
  readonly feed: Float64Array;
  readonly seq: Float64Array;
}
