import type { ChartCandle, PastForecast } from "./types.ts";

const CLOSED = 1;
const COMPLETE = 2;
const FIRST_CAPACITY = 1024;
/** Forecasts kept for candles that have not come: enough for a full history. */
const WAITING_MAX = 20_000;

const NUMBER_COLUMNS = [
  "t",
  "o",
  "h",
  "l",
  "c",
  "v",
  "wall",
  "fc",
  "lo95",
  "hi95",
  "lo80",
  "hi80",
] as const;

/** Where a candle went: an older one was replaced or squeezed in, or it is the newest. */
export interface Placed {
  readonly kind: "updated" | "inserted" | "appended";
  readonly index: number;
}

/**
 * Candles and what was forecast for them, as columns that grow by doubling.
 *
 * Index = slot of the chart: closed hours take no room. Times ascend strictly.
 * `wall` is the local time as if it were UTC; a forecast that is missing is NaN.
 * Readers take `length` entries of the columns, and hold none across a write.
 */
export class CandleStore {
  length = 0;
  /** Distinct local days, for the density of day labels. */
  dayCount = 0;
  /** Whether any candle ever had volume; an index has none. */
  hasVolume = false;
  t = new Float64Array(FIRST_CAPACITY);
  o = new Float64Array(FIRST_CAPACITY);
  h = new Float64Array(FIRST_CAPACITY);
  l = new Float64Array(FIRST_CAPACITY);
  c = new Float64Array(FIRST_CAPACITY);
  v = new Float64Array(FIRST_CAPACITY);
  wall = new Float64Array(FIRST_CAPACITY);
  fc = new Float64Array(FIRST_CAPACITY);
  lo95 = new Float64Array(FIRST_CAPACITY);
  hi95 = new Float64Array(FIRST_CAPACITY);
  lo80 = new Float64Array(FIRST_CAPACITY);
  hi80 = new Float64Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);
  readonly #waiting = new Map<number, PastForecast>();
  #wallOf: (t: number) => number;

  constructor(wallOf: (t: number) => number) {
    this.#wallOf = wallOf;
  }

  /** The first index whose time is >= `t`; `length` if there is none. */
  lowerBound(t: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.t[middle] < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the candle opened at exactly `t`, or -1. */
  indexOf(t: number): number {
    const index = this.lowerBound(t);
    return index < this.length && this.t[index] === t ? index : -1;
  }

  /** The index of the last candle opened at or before `t`, or -1. */
  indexAtOrBefore(t: number): number {
    const index = this.lowerBound(t);
    return index < this.length && this.t[index] === t ? index : index - 1;
  }

  isClosed(index: number): boolean {
    return (this.flags[index] & CLOSED) !== 0;
  }

  isComplete(index: number): boolean {
    return (this.flags[index] & COMPLETE) !== 0;
  }

  candleAt(index: number): ChartCandle | null {
    if (!(index >= 0 && index < this.length)) return null;
    return {
      t: this.t[index],
      o: this.o[index],
      h: this.h[index],
      l: this.l[index],
      c: this.c[index],
      v: this.v[index],
      closed: this.isClosed(index),
      complete: this.isComplete(index),
    };
  }

  forecastAt(index: number): PastForecast | null {
    if (!(index >= 0 && index < this.length)) return null;
    if (Number.isNaN(this.fc[index])) return null;
    return {
      t: this.t[index],
      c: this.fc[index],
      lo95: this.lo95[index],
      hi95: this.hi95[index],
      lo80: this.lo80[index],
      hi80: this.hi80[index],
    };
  }

  /** Replaces every candle; forecasts stay with the candles of their time. */
  replaceAll(candles: readonly ChartCandle[]): void {
    this.#setForecastsAside();
    this.length = 0;
    this.dayCount = 0;
    this.hasVolume = false;
    for (const candle of candles) this.upsert(candle);
  }

  /** Adds candles at any place, in one pass; those given win over those held. */
  merge(candles: readonly ChartCandle[]): void {
    if (candles.length === 0) return;
    const byT = new Map<number, ChartCandle>();
    for (let i = 0; i < this.length; i++) {
      byT.set(this.t[i], this.candleAt(i)!);
    }
    for (const candle of candles) byT.set(candle.t, candle);
    this.replaceAll([...byT.values()].sort((a, b) => a.t - b.t));
  }

  /** Puts one candle where its time belongs. */
  upsert(candle: ChartCandle): Placed {
    const last = this.length - 1;
    if (last < 0 || candle.t > this.t[last]) return this.#append(candle);
    const index = this.lowerBound(candle.t);
    if (this.t[index] !== candle.t) return this.#insert(index, candle);
    this.#write(index, candle);
    return { kind: "updated", index };
  }

  setForecasts(past: readonly PastForecast[]): void {
    this.#waiting.clear();
    this.fc.fill(NaN, 0, this.length);
    this.lo95.fill(NaN, 0, this.length);
    this.hi95.fill(NaN, 0, this.length);
    this.lo80.fill(NaN, 0, this.length);
    this.hi80.fill(NaN, 0, this.length);
    for (const forecast of past) this.upsertForecast(forecast);
  }

  upsertForecast(forecast: PastForecast): void {
    const index = this.indexOf(forecast.t);
    if (index >= 0) this.#writeForecast(index, forecast);
    else this.#wait(forecast);
  }

  /** Another time zone: local times are worked out again. */
  relocate(wallOf: (t: number) => number): void {
    this.#wallOf = wallOf;
    this.dayCount = 0;
    for (let i = 0; i < this.length; i++) this.#locate(i);
  }

  #append(candle: ChartCandle): Placed {
    const index = this.length;
    if (index === this.t.length) this.#grow();
    this.length++;
    this.#fill(index, candle);
    this.#locate(index);
    return { kind: "appended", index };
  }

  #insert(index: number, candle: ChartCandle): Placed {
    if (this.length === this.t.length) this.#grow();
    for (const name of NUMBER_COLUMNS) {
      this[name].copyWithin(index + 1, index, this.length);
    }
    this.flags.copyWithin(index + 1, index, this.length);
    this.length++;
    this.#fill(index, candle);
    this.relocate(this.#wallOf);
    return { kind: "inserted", index };
  }

  #fill(index: number, candle: ChartCandle): void {
    this.t[index] = candle.t;
    this.#write(index, candle);
    const forecast = this.#waiting.get(candle.t);
    this.#writeForecast(index, forecast ?? null);
    if (forecast) this.#waiting.delete(candle.t);
  }

  #write(index: number, candle: ChartCandle): void {
    this.o[index] = candle.o;
    this.h[index] = candle.h;
    this.l[index] = candle.l;
    this.c[index] = candle.c;
    this.v[index] = candle.v;
    this.flags[index] = (candle.closed ? CLOSED : 0) |
      (candle.complete === false ? 0 : COMPLETE);
    if (candle.v > 0) this.hasVolume = true;
  }

  #writeForecast(index: number, forecast: PastForecast | null): void {
    this.fc[index] = forecast?.c ?? NaN;
    this.lo95[index] = forecast?.lo95 ?? NaN;
    this.hi95[index] = forecast?.hi95 ?? NaN;
    this.lo80[index] = forecast?.lo80 ?? NaN;
    this.hi80[index] = forecast?.hi80 ?? NaN;
  }

  #locate(index: number): void {
    const wall = this.#wallOf(this.t[index]);
    this.wall[index] = wall;
    const before = index > 0 ? this.wall[index - 1] : NaN;
    if (Math.floor(before / 864e5) !== Math.floor(wall / 864e5)) {
      this.dayCount++;
    }
  }

  #wait(forecast: PastForecast): void {
    this.#waiting.set(forecast.t, forecast);
    if (this.#waiting.size > WAITING_MAX) {
      const oldest = this.#waiting.keys().next().value!;
      this.#waiting.delete(oldest);
    }
  }

  #setForecastsAside(): void {
    for (let i = 0; i < this.length; i++) {
      const forecast = this.forecastAt(i);
      if (forecast) this.#wait(forecast);
    }
  }

  #grow(): void {
    const capacity = this.t.length * 2;
    for (const name of NUMBER_COLUMNS) {
      const grown = new Float64Array(capacity);
      grown.set(this[name]);
      this[name] = grown;
    }
    const grown = new Uint8Array(capacity);
    grown.set(this.flags);
    this.flags = grown;
  }
}
