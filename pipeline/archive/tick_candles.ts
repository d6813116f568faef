import type { StoredCandle } from "../domain/candle.ts";
import { formatScaled } from "../domain/decimal.ts";
import type { TickInterval } from "../domain/interval.ts";
import { nominalMicros } from "../domain/interval_length.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
} from "../domain/time.ts";
import type { MinuteSnapshot, MinuteStore, StoredMinute } from "../ports.ts";
import { foldTicks, type TickFold } from "./fold_ticks.ts";
import { readTicks, type TickSources } from "./read_ticks.ts";
import { TooManyTicksError } from "./tick_gatherer.ts";

export interface TickCandlesOptions extends TickSources {
  readonly minutes: MinuteStore;
  /** How much later than the newest tick an older one may come. */
  readonly latenessMs: number;
  readonly bounds?: Partial<TickCandleBounds>;
}

/** What one reading may cost. */
export interface TickCandleBounds {
  readonly ticks: number;
  readonly minutes: number;
}

export const TICK_CANDLE_BOUNDS: TickCandleBounds = {
  ticks: 2_000_000,
  minutes: 10_000,
};

export interface TickCandleQuery {
  readonly symbol: string;
  readonly interval: TickInterval;
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  /** Counted from the end when `from` is absent. */
  readonly limit: number;
}

export interface TickCandlesFound {
  /** Ascending by `t`. */
  readonly candles: readonly StoredCandle[];
  /** Minutes that have a candle but not all of its ticks in the archive. */
  readonly withoutTicks: readonly Span[];
}

interface Span {
  readonly from: EpochMicros;
  readonly to: EpochMicros;
}

/** Minutes of one step, at most: what is between two looks at the limit. */
const STEP_MINUTES = 60;
/** A step ends before the minute that brings it past so many ticks. */
const STEP_TICKS = 200_000;
/** Extra decimals of a volume-weighted price, as longer candles have. */
const VWAP_DECIMALS_MORE = 4;
/** Past every time that is counted. */
const EVER = epochMicros(8_640_000_000_000_000);
const ALWAYS = epochMicros(0);

/**
 * Candles shorter than a minute, folded from archived ticks when asked for.
 *
 * The stored minutes lead: they say where ticks are and how many, so a minute
 * whose ticks are not all there any more is left out and counted, and never
 * shown in part.
 */
export class TickCandles {
  readonly #bounds: TickCandleBounds;

  constructor(private readonly options: TickCandlesOptions) {
    this.#bounds = { ...TICK_CANDLE_BOUNDS, ...options.bounds };
  }

  /** @throws {TooManyTicksError} If the reading would cost more than bounds. */
  async candles(query: TickCandleQuery): Promise<TickCandlesFound> {
    const { symbol, limit } = query;
    const countFrom = query.from === undefined ? "end" : "start";
    const from = query.from ?? ALWAYS;
    const to = query.to ?? EVER;
    const step = { from: floorMinute(from), to };
    const found: StoredCandle[] = [];
    const withoutTicks: Span[] = [];
    let ticks = 0;
    let minutes = 0;
    while (found.length < limit && step.from < step.to) {
      const snapshot = await this.options.minutes.minutes({
        symbol,
        ...step,
        limit: STEP_MINUTES,
        countFrom,
      });
      const some = snapshot ? stepOf(snapshot.minutes, countFrom) : [];
      if (snapshot === null || some.length === 0) break;
      minutes += some.length;
      ticks += some.reduce((sum, { n }) => sum + n, 0);
      if (ticks > this.#bounds.ticks || minutes > this.#bounds.minutes) {
        throw new TooManyTicksError(
          `Cannot read more than ${this.#bounds.ticks} ticks or ` +
            `${this.#bounds.minutes} minutes of ${symbol} at once`,
        );
      }
      const folded = await this.#fold(query, snapshot, some);
      withoutTicks.push(...folded.missing);
      const inRange = folded.candles.filter(({ t }) => t >= from && t < to);
      if (countFrom === "start") {
        found.push(...inRange);
        step.from = minuteEnd(some[some.length - 1].t);
      } else {
        found.unshift(...inRange);
        step.to = some[0].t;
        // Older minutes have left the archive too.
        if (folded.missing.length === some.length) break;
      }
    }
    return {
      candles: countFrom === "start"
        ? found.slice(0, limit)
        : found.slice(-limit),
      withoutTicks,
    };
  }

  async #fold(
    { symbol, interval }: TickCandleQuery,
    snapshot: MinuteSnapshot,
    some: readonly StoredMinute[],
  ): Promise<{
    candles: readonly StoredCandle[];
    missing: readonly Span[];
  }> {
    const micros = nominalMicros(interval);
    const ticks = await readTicks(this.options, {
      symbol,
      from: some[0].t,
      to: minuteEnd(some[some.length - 1].t),
      through: snapshot.position,
      incarnation: snapshot.incarnation,
      ticksMax: this.#bounds.ticks,
    });
    const parts = Map.groupBy(
      foldTicks(ticks, micros, snapshot),
      ({ t }) => floorMinute(t),
    );
    const newest = some.reduce(
      (ts, { lastTs }) => Math.max(ts, lastTs ?? 0),
      0,
    );
    const passed = newest - this.options.latenessMs * MICROS_PER_MS;
    const candles: StoredCandle[] = [];
    const missing: Span[] = [];
    for (const minute of some) {
      const folds = parts.get(minute.t) ?? [];
      const n = folds.reduce((sum, fold) => sum + fold.n, 0);
      if (n !== minute.n || minute.origin !== "ticks") {
        missing.push({ from: minute.t, to: minuteEnd(minute.t) });
      } else {
        candles.push(
          ...folds.map((fold) =>
            candleOf(fold, minute, { symbol, interval, snapshot, passed })
          ),
        );
      }
    }
    return { candles, missing };
  }
}

/** The minutes of one step, from the end that is counted from. */
function stepOf(
  minutes: readonly StoredMinute[],
  countFrom: "start" | "end",
): readonly StoredMinute[] {
  const ordered = countFrom === "start" ? minutes : minutes.toReversed();
  let ticks = 0;
  let count = 0;
  for (const { n } of ordered) {
    ticks += n;
    if (count > 0 && ticks > STEP_TICKS) break;
    count++;
  }
  const some = ordered.slice(0, count);
  return countFrom === "start" ? some : some.toReversed();
}

function candleOf(
  fold: TickFold,
  minute: StoredMinute,
  { symbol, interval, snapshot, passed }: {
    readonly symbol: string;
    readonly interval: TickInterval;
    readonly snapshot: MinuteSnapshot;
    readonly passed: number;
  },
): StoredCandle {
  const length = nominalMicros(interval);
  const end = epochMicros(fold.t + length);
  const closed = minute.closed || end <= passed;
  const lengthMs = length / MICROS_PER_MS;
  // Where in its minute a feed was away is not known: the least that it was
  // there.
  const awayMs = MICROS_PER_MINUTE / MICROS_PER_MS - minute.coverageMs;
  const coverageMs = minute.closed ? Math.max(0, lengthMs - awayMs) : 0;
  return {
    symbol,
    interval,
    t: fold.t,
    end,
    open: fold.open,
    high: fold.high,
    low: fold.low,
    close: fold.close,
    volume: fold.volume,
    vw: vwapOf(fold, snapshot),
    n: fold.n,
    closed,
    closedBy: closed ? minute.closedBy ?? "watermark" : null,
    rev: minute.rev,
    complete: closed && coverageMs >= lengthMs,
    coverageMs,
    origin: "ticks",
    lastTs: epochMicros(fold.lastTs),
  };
}

/** Volume-weighted price, rounded half up; `null` if there is none. */
function vwapOf(
  { volume, notional }: TickFold,
  { priceScale }: MinuteSnapshot,
): string | null {
  const digits = BigInt(volume.replace(".", ""));
  if (digits === 0n) return null;
  const scaled = BigInt(notional.replace(".", "")) *
    10n ** BigInt(VWAP_DECIMALS_MORE);
  return formatScaled(
    (2n * scaled + digits) / (2n * digits),
    priceScale + VWAP_DECIMALS_MORE,
  );
}

function floorMinute(t: number): EpochMicros {
  return epochMicros(Math.floor(t / MICROS_PER_MINUTE) * MICROS_PER_MINUTE);
}

function minuteEnd(t: number): EpochMicros {
  return epochMicros(t + MICROS_PER_MINUTE);
}
