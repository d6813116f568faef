import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import { isNewer } from "../pipeline/domain/newer_candle.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import type {
  InstrumentNow,
  PriceChange,
  SkillBrief,
  SnapshotOfSymbol,
} from "./api_views.ts";
import { feedAfter } from "./describe_feed.ts";
import { isCurrent } from "./forecast_parts.ts";
import { changeTo } from "./format_change.ts";

/** An instrument in the list: what is shown of it, and no more. */
export interface WatchRow {
  readonly symbol: string;
  readonly name: string;
  readonly exchange: string;
  readonly decimals: number;
  readonly last:
    | Pick<CandleView, "t" | "c" | "n" | "rev" | "closed">
    | null;
  readonly change: PriceChange | null;
  /** Closes of the newest minutes, oldest first. */
  readonly spark: readonly number[];
  readonly forecast:
    | Pick<ForecastView, "t" | "c" | "last" | "lo80" | "hi80">
    | null;
  readonly signal:
    | Pick<SignalView, "t" | "action" | "lean" | "reason">
    | null;
  readonly skill: SkillBrief | null;
  readonly feed: FeedState;
}

export const SPARK_CANDLES = 60;

/** The row of an instrument. */
export function watchRowOf(
  one: InstrumentNow,
  spark: readonly number[],
): WatchRow {
  const { last, forecast, signal } = one;
  return {
    symbol: one.symbol,
    name: one.name,
    exchange: one.exchange,
    decimals: one.price_scale,
    last: last && {
      t: last.t,
      c: last.c,
      n: last.n,
      rev: last.rev,
      closed: last.closed,
    },
    change: one.change,
    spark,
    forecast: forecast && {
      t: forecast.t,
      c: forecast.c,
      last: forecast.last,
      lo80: forecast.lo80,
      hi80: forecast.hi80,
    },
    signal: signal && {
      t: signal.t,
      action: signal.action,
      lean: signal.lean,
      reason: signal.reason,
    },
    skill: one.skill,
    feed: one.feed,
  };
}

/** The row after an event of the stream. */
export function rowAfter(
  row: WatchRow,
  name: string,
  // deno-lint-ignore no-explicit-any
  data: any,
  now: number,
): WatchRow {
  switch (name) {
    case "candle":
      return {
        ...withCandle(row, data.candle),
        feed: feedAfter(row.feed, data.candle, now),
      };
    case "candle.closed":
    case "candle.revised":
      return withCandle(row, data.candle);
    case "forecast":
      return withForecast(row, data.forecasts);
    case "signal":
      return withSignal(row, data.signal);
    case "feed":
      return { ...row, feed: data };
    default:
      return row;
  }
}

/** The row after a stream began with this. */
export function rowAfterSnapshot(
  row: WatchRow,
  part: SnapshotOfSymbol,
): WatchRow {
  const forming = part.candles[0]?.forming;
  const moved = forming ? withCandle(row, forming) : row;
  const told = withForecast(moved, part.forecasts);
  return { ...withSignal(told, part.signals.at(-1)), feed: part.feed };
}

/** The row after the server was asked how the instrument is now. */
export function rowAfterAnswer(row: WatchRow, one: InstrumentNow): WatchRow {
  const moved = one.last ? withCandle(row, one.last) : row;
  const { last } = moved;
  const change = one.change && last ? changeTo(last.c, one.change) : one.change;
  return { ...watchRowOf(one, moved.spark), last, change };
}

function withCandle(row: WatchRow, candle: CandleView): WatchRow {
  const { last, change } = row;
  if (last !== null && candle.t < last.t) return row;
  const same = last !== null && candle.t === last.t;
  if (same && isNewer(last, candle)) return row;
  const spark = same ? row.spark.slice(0, -1) : row.spark;
  return {
    ...row,
    last: candle,
    change: change === null ? null : changeTo(candle.c, change),
    spark: [...spark, candle.c].slice(-SPARK_CANDLES),
  };
}

function withForecast(
  row: WatchRow,
  forecasts: readonly ForecastView[],
): WatchRow {
  const newest = forecasts.findLast(({ horizon }) => horizon === 1);
  return newest === undefined || newest.t < (row.forecast?.t ?? 0)
    ? row
    : { ...row, forecast: newest };
}

function withSignal(row: WatchRow, signal: SignalView | undefined): WatchRow {
  return signal === undefined || signal.t < (row.signal?.t ?? 0)
    ? row
    : { ...row, signal };
}

/** The forecast of the minute that is running, or `null`. */
export function currentForecast(
  { forecast }: WatchRow,
  now: number,
): WatchRow["forecast"] {
  return forecast !== null && isCurrent(forecast, now) ? forecast : null;
}

/** What the rule made of that forecast, or `null`. */
export function currentSignal(row: WatchRow, now: number): WatchRow["signal"] {
  const { signal } = row;
  return signal !== null && currentForecast(row, now)?.t === signal.t
    ? signal
    : null;
}
