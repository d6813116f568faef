import type { ChartCandle, PastForecast } from "./types.ts";

const CLOSED = 1;
const COMPLETE = 2;
const SYNTHETIC = 4;
const REVISION_MAX = 65_535;
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
  /** How often each candle was revised. */
  rev = new Uint16Array(FIRST_CAPACITY);
  readonly #waiting = new Map<number, PastForecast>();
  #wallOf: (t: number) => number;

  constructor(wallOf: (t: number) => number) {
    this.#wallOf = wallOf;
  }

  /** The first index whose time is >= `t`; `length` if there is none. */
  lowerBound(t: number): number {
    return this.#lowerBoundIn(t, this.length);
  }

  #lowerBoundIn(t: number, end: number): number {
    let low = 0;
    let high = end;
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

  /** Filled in for an interval in which nobody traded. */
  isSynthetic(index: number): boolean {
    return (this.flags[index] & SYNTHETIC) !== 0;
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
      synthetic: this.isSynthetic(index),
      rev: this.rev[index],
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
    const byT = new Map(candles.map((candle) => [candle.t, candle]));
    const added: ChartCandle[] = [];
    for (const candle of byT.values()) {
      const index = this.indexOf(candle.t);
      if (index >= 0) this.#write(index, candle);
      else added.push(candle);
    }
    if (added.length === 0) return;
    added.sort((a, b) => a.t - b.t);
    this.#makeRoom(this.length + added.length);
    // From the back, so that every run of rows moves once.
    let end = this.length;
    for (let k = added.length - 1; k >= 0; k--) {
      const index = this.#lowerBoundIn(added[k].t, end);
      this.#moveRows(index + k + 1, index, end);
      this.t[index + k] = added[k].t;
      end = index;
    }
    this.length += added.length;
    for (const candle of added) this.#fill(this.indexOf(candle.t), candle);
    this.relocate(this.#wallOf);
  }

  /** Forgets the first candles, with their forecasts. */
  dropOldest(count: number): void {
    this.#moveRows(0, count, this.length);
    this.length -= count;
    this.relocate(this.#wallOf);
  }

  /** Forgets the last candles, with their forecasts. */
  dropNewest(count: number): void {
    this.length -= count;
    this.relocate(this.#wallOf);
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
    this.#makeRoom(index + 1);
    this.length++;
    this.#fill(index, candle);
    this.#locate(index);
    return { kind: "appended", index };
  }

  #insert(index: number, candle: ChartCandle): Placed {
    this.#makeRoom(this.length + 1);
    this.#moveRows(index + 1, index, this.length);
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
      (candle.complete === false ? 0 : COMPLETE) |
      (candle.synthetic ? SYNTHETIC : 0);
    this.rev[index] = Math.min(candle.rev ?? 0, REVISION_MAX);
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

  /** Copies rows `from` to `end` so that they begin at `to`. */
  #moveRows(to: number, from: number, end: number): void {
    for (const name of NUMBER_COLUMNS) this[name].copyWithin(to, from, end);
    this.flags.copyWithin(to, from, end);
    this.rev.copyWithin(to, from, end);
  }

  #makeRoom(rows: number): void {
    let capacity = this.t.length;
    if (rows <= capacity) return;
    while (capacity < rows) capacity *= 2;
    for (const name of NUMBER_COLUMNS) {
      const grown = new Float64Array(capacity);
      grown.set(this[name]);
      this[name] = grown;
    }
    const flags = new Uint8Array(capacity);
    flags.set(this.flags);
    this.flags = flags;
    const rev = new Uint16Array(capacity);
    rev.set(this.rev);
    this.rev = rev;
  }
}
