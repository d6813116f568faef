import { fnv1a } from "../domain/hash.ts";
import { powerOfTen } from "../domain/decimal.ts";
import type { PriceModel } from "./simulator_model.ts";
import { hashWords, NormalStream } from "./simulator_random.ts";

export const MINUTES_PER_WEEK = 10_080;
const SECONDS_PER_MINUTE = 60;
/** Of the log of volatility, from one minute to the next: half in 34 minutes. */
const VOL_PERSISTENCE = 0.98;
const SIZES = 1_024;
/** Of the log of a trade's size: a few large ones among many small. */
const SIZE_SD = 1;

/** Log price and volatility of a symbol in one week, minute by minute. */
export interface WeekPath {
  /** Log of price / base at the start of each minute, and at the week's end. */
  readonly level: Float64Array;
  /** Volatility of each minute, as a multiple of the usual. */
  readonly volatility: Float64Array;
}

/**
 * The path of one week (counted since 1970, in UTC), from nothing before it.
 *
 * Minute returns are AR(1) with log-normal AR(1) volatility, pulled back to
 * the base. Each week starts at a level drawn from where such a path is in the
 * long run, and leads to where the next week starts: what is missing at its
 * end is spread over its minutes, a few hundredths of a basis point each. So
 * any minute of any year is found in well below a millisecond, and no path
 * depends on when a program was started.
 */
export function weekPath(
  model: PriceModel,
  seed: number,
  week: number,
): WeekPath {
  const { phi, minuteSd, volOfVol } = model;
  const symbolSeed = seedOf(model, seed);
  const normal = new NormalStream(hashWords(symbolSeed, week));
  const pull = 1 - 2 ** (-1 / model.halfLifeMinutes);
  const shockSd = minuteSd * Math.sqrt(1 - phi * phi);
  const volShockSd = volOfVol * Math.sqrt(1 - VOL_PERSISTENCE ** 2);
  const level = new Float64Array(MINUTES_PER_WEEK + 1);
  const volatility = new Float64Array(MINUTES_PER_WEEK);
  let logVol = volOfVol * normal.next();
  let move = minuteSd * normal.next();
  level[0] = weekStart(model, symbolSeed, week);
  for (let m = 0; m < MINUTES_PER_WEEK; m++) {
    logVol = VOL_PERSISTENCE * logVol + volShockSd * normal.next();
    // Less its square, so that the mean of the squares is 1.
    const vol = Math.exp(logVol - volOfVol * volOfVol);
    move = phi * move + shockSd * vol * normal.next();
    volatility[m] = vol;
    level[m + 1] = level[m] * (1 - pull) + move;
  }
  const missing = weekStart(model, symbolSeed, week + 1) -
    level[MINUTES_PER_WEEK];
  for (let m = 1; m <= MINUTES_PER_WEEK; m++) {
    level[m] += missing * m / MINUTES_PER_WEEK;
  }
  return { level, volatility };
}

function weekStart(
  model: PriceModel,
  symbolSeed: number,
  week: number,
): number {
  const { phi, minuteSd, halfLifeMinutes } = model;
  const pull = 1 - 2 ** (-1 / halfLifeMinutes);
  const longRunSd = minuteSd * Math.sqrt((1 + phi) / (1 - phi));
  const levelSd = longRunSd / Math.sqrt(2 * pull);
  return levelSd * new NormalStream(hashWords(symbolSeed, ~week)).next();
}

function seedOf(model: PriceModel, seed: number): number {
  return hashWords(fnv1a(model.symbol), seed);
}

/**
 * One made-up tick at `ms` milliseconds of a Unix second; price in counts of
 * 10^-priceScale, size in lots.
 */
export interface SimulatedTick {
  second: number;
  ms: number;
  priceUnits: number;
  size: number;
}

/**
 * The ticks of one symbol: the same for the same seed and time, in whatever
 * order they are asked for. It remembers the minute asked for last, so going
 * forward costs a fraction of a microsecond a tick.
 */
export class PricePath {
  readonly #seed: number;
  readonly #symbolSeed: number;
  readonly #sizes: Float64Array;
  /** Mid price in smallest steps at each second's start, and the minute's end. */
  readonly #mids = new Float64Array(SECONDS_PER_MINUTE + 1);
  #week = NaN;
  #path: WeekPath | null = null;
  #minute = NaN;
  #activity = 1;

  constructor(readonly model: PriceModel, seed: number) {
    this.#seed = seed;
    this.#symbolSeed = seedOf(model, seed);
    this.#sizes = tradeSizes(model.lots);
  }

  /**
   * Writes the tick of a slot into `tick`.
   *
   * Units: `second` in Unix seconds, whole; the slot is
   * [second + fromMs, second + fromMs + lengthMs), and one that is longer than
   * the second ends with it. `index` tells slots of one second apart.
   */
  writeTick(
    tick: SimulatedTick,
    second: number,
    index: number,
    fromMs: number,
    lengthMs: number,
  ): void {
    const minute = Math.floor(second / SECONDS_PER_MINUTE);
    if (minute !== this.#minute) this.#enterMinute(minute);
    const bits = hashWords(this.#symbolSeed ^ (second | 0), index);
    const within = Math.min(lengthMs, 1_000 - fromMs);
    const ms = Math.min(
      999,
      Math.floor(fromMs + within * (0.02 + 0.96 * (bits & 0x3ff) / 1_024)),
    );
    const i = second - minute * SECONDS_PER_MINUTE;
    const mid = this.#mids[i] +
      (this.#mids[i + 1] - this.#mids[i]) * (ms / 1_000);
    const { spreadTicks, tickUnits } = this.model;
    const side = bits >>> 31;
    const steps = Math.floor(mid + 0.5 - spreadTicks / 2) + side * spreadTicks;
    tick.second = second;
    tick.ms = ms;
    tick.priceUnits = Math.max(1, steps) * tickUnits;
    tick.size = this.#sizes.length === 0
      ? 0
      : Math.ceil(this.#sizes[(bits >>> 12) & (SIZES - 1)] * this.#activity);
  }

  #enterMinute(minute: number): void {
    const week = Math.floor(minute / MINUTES_PER_WEEK);
    if (this.#path === null || week !== this.#week) {
      this.#path = weekPath(this.model, this.#seed, week);
      this.#week = week;
    }
    const at = minute - week * MINUTES_PER_WEEK;
    const { level, volatility } = this.#path;
    this.#bridge(minute, level[at], level[at + 1], volatility[at]);
    this.#minute = minute;
    this.#activity = volatility[at];
  }

  /** From one level to the next in 60 random steps that end where they must. */
  #bridge(minute: number, from: number, to: number, volatility: number): void {
    const { base, priceScale, tickUnits, minuteSd, phi } = this.model;
    const normal = new NormalStream(
      hashWords(this.#symbolSeed ^ 0x51ed, minute),
    );
    const stepSd = volatility * minuteSd *
      Math.sqrt((1 - phi * phi) / SECONDS_PER_MINUTE);
    const mids = this.#mids;
    mids[0] = 0;
    for (let i = 1; i <= SECONDS_PER_MINUTE; i++) {
      mids[i] = mids[i - 1] + stepSd * normal.next();
    }
    const drift = (to - from - mids[SECONDS_PER_MINUTE]) / SECONDS_PER_MINUTE;
    const steps = base * powerOfTen(priceScale) / tickUnits;
    for (let i = 0; i <= SECONDS_PER_MINUTE; i++) {
      mids[i] = steps * Math.exp(from + mids[i] + drift * i);
    }
  }
}

/** Sizes to draw from, all as likely: a log-normal with `lots` in its middle. */
function tradeSizes(lots: number): Float64Array {
  if (lots === 0) return new Float64Array(0);
  const normal = new NormalStream(lots);
  return Float64Array.from(
    { length: SIZES },
    () => lots * Math.exp(SIZE_SD * normal.next()),
  );
}
