import type { Frame } from "./frame.ts";
import { neededRange, type PriceRange } from "./price_range.ts";

/** A little air above the highest column of volume, and how far it may be too much. */
const VOLUME_AIR = 1.04;
const VOLUME_SLACK = 1.2;

/** Highest and lowest of candles and of their bands. */
interface Extent {
  min: number;
  max: number;
  bandMin: number;
  bandMax: number;
  volume: number;
}

/**
 * What the price pane and the volume pane must hold.
 *
 * A tick changes the newest candle alone, so what the others need is kept until
 * `forget()`: after a move of the view, or a change of anything else.
 */
export class SeenRange {
  #settled: Extent | null = null;
  #volumeMax = 0;

  forget(): void {
    this.#settled = null;
  }

  /**
   * Prices are null when no candle is in sight.
   *
   * @param hug As little room as is needed, as after a pan.
   */
  of(
    frame: Frame,
    hug: boolean,
  ): { readonly prices: PriceRange | null; readonly volumeMax: number } {
    const { store } = frame;
    const newest = store.length - 1;
    const settled = this.#settled ??= settledExtent(frame);
    const seen = newest >= Math.max(0, frame.first) && newest <= frame.last;
    const { min, max, bandMin, bandMax, volume } = seen
      ? include({ ...settled }, frame, newest, newest)
      : settled;
    const volumeMax = this.#holdVolume(volume, hug);
    if (min > max) return { prices: null, volumeMax };
    const prices = neededRange(
      { min, max },
      bandMin <= bandMax ? { min: bandMin, max: bandMax } : null,
    );
    return { prices, volumeMax };
  }

  /** With hysteresis: a volume that grows must not rescale all others at each tick. */
  #holdVolume(volume: number, hug: boolean): number {
    const wanted = volume * VOLUME_AIR;
    const held = this.#volumeMax;
    const fits = volume <= held && held <= wanted * VOLUME_SLACK;
    if (hug || !fits) this.#volumeMax = wanted;
    return this.#volumeMax;
  }
}

/** Of everything in sight but the newest candle. */
function settledExtent(frame: Frame): Extent {
  const { store, lines, future, forming } = frame;
  const extent: Extent = {
    min: Infinity,
    max: -Infinity,
    bandMin: Infinity,
    bandMax: -Infinity,
    volume: 0,
  };
  const to = Math.min(store.length - 2, frame.last);
  include(extent, frame, Math.max(0, frame.first), to);
  for (const { values } of lines) {
    for (const value of values) {
      if (value < extent.min) extent.min = value;
      if (value > extent.max) extent.max = value;
    }
  }
  if (frame.last >= store.length - 1) {
    for (const forecast of forming ? [...future, forming] : future) {
      extent.bandMin = Math.min(extent.bandMin, forecast.lo95, forecast.c);
      extent.bandMax = Math.max(extent.bandMax, forecast.hi95, forecast.c);
    }
  }
  return extent;
}

/** Stretches an extent over candles `from` to `to`, both included. */
function include(
  extent: Extent,
  { store }: Frame,
  from: number,
  to: number,
): Extent {
  const { l, h, v, lo95, hi95 } = store;
  let { min, max, bandMin, bandMax, volume } = extent;
  for (let i = from; i <= to; i++) {
    if (l[i] < min) min = l[i];
    if (h[i] > max) max = h[i];
    if (v[i] > volume) volume = v[i];
    if (lo95[i] < bandMin) bandMin = lo95[i];
    if (hi95[i] > bandMax) bandMax = hi95[i];
  }
  extent.min = min;
  extent.max = max;
  extent.bandMin = bandMin;
  extent.bandMax = bandMax;
  extent.volume = volume;
  return extent;
}
