/** The vertical part of the view: which prices are seen, and why it seldom changes. */

export interface PriceRange {
  readonly min: number;
  readonly max: number;
}

/** Part of the span left free above and below. */
const PADDING = 0.07;
/** How much larger than needed a range may be before it is drawn in. */
const SLACK = 1.45;
/** How far the 95 % band may stretch the range, in spans of the candles. */
const BAND_REACH = 0.75;

/**
 * What must be seen: all candles, and as much of the band as does not squash them.
 *
 * A wild forecast would otherwise make every candle flat.
 */
export function neededRange(
  candles: PriceRange,
  band: PriceRange | null,
): PriceRange {
  const span = Math.max(
    candles.max - candles.min,
    Math.abs(candles.max) * 1e-5,
    Number.MIN_VALUE,
  );
  if (band === null) return { min: candles.min, max: candles.max };
  return {
    min: Math.min(
      candles.min,
      Math.max(band.min, candles.min - span * BAND_REACH),
    ),
    max: Math.max(
      candles.max,
      Math.min(band.max, candles.max + span * BAND_REACH),
    ),
  };
}

/** The needed range with its free margins; never of zero height. */
export function paddedRange(needed: PriceRange): PriceRange {
  const height = needed.max - needed.min;
  const pad = height > 0
    ? height * PADDING
    : Math.max(Math.abs(needed.max) * 5e-4, 1e-9);
  return { min: needed.min - pad, max: needed.max + pad };
}

/**
 * The range to show, with hysteresis: the current one (the same object) while
 * everything needed fits and is not lost in it, so that ticks move nothing.
 */
export function nextRange(
  current: PriceRange | null,
  needed: PriceRange,
): PriceRange {
  const wanted = paddedRange(needed);
  if (current === null) return wanted;
  const fits = needed.min >= current.min && needed.max <= current.max;
  const loose = (current.max - current.min) >
    (wanted.max - wanted.min) * SLACK;
  return fits && !loose ? current : wanted;
}
