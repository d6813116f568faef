import type { Frame } from "./frame.ts";
import { neededRange, type PriceRange } from "./price_range.ts";

/** A little air above the highest column of volume. */
const VOLUME_AIR = 1.04;

/** What the price pane and the volume pane must hold. */
export interface SeenRange {
  /** Null when no candle is in sight. */
  readonly prices: PriceRange | null;
  readonly volumeMax: number;
}

/** Highest and lowest of what is in sight. */
export function seenRange(frame: Frame): SeenRange {
  const { store } = frame;
  const { l, h, v, lo95, hi95 } = store;
  const from = Math.max(0, frame.first);
  const to = Math.min(store.length - 1, frame.last);
  let min = Infinity;
  let max = -Infinity;
  let bandMin = Infinity;
  let bandMax = -Infinity;
  let volume = 0;
  for (let i = from; i <= to; i++) {
    if (l[i] < min) min = l[i];
    if (h[i] > max) max = h[i];
    if (v[i] > volume) volume = v[i];
    if (lo95[i] < bandMin) bandMin = lo95[i];
    if (hi95[i] > bandMax) bandMax = hi95[i];
  }
  if (frame.last >= store.length - 1) {
    for (const forecast of [...frame.future, frame.forming]) {
      if (forecast === null) continue;
      bandMin = Math.min(bandMin, forecast.lo95, forecast.c);
      bandMax = Math.max(bandMax, forecast.hi95, forecast.c);
    }
  }
  const volumeMax = volume * VOLUME_AIR;
  if (min > max) return { prices: null, volumeMax };
  for (const { values } of frame.lines) {
    for (const value of values) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const prices = neededRange(
    { min, max },
    bandMin <= bandMax ? { min: bandMin, max: bandMax } : null,
  );
  return { prices, volumeMax };
}
