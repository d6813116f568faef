import { tradingMs } from "../pipeline/calendars/trading_ms.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import type { StoredCandle } from "../pipeline/domain/candle.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import { decimalsOf, type FileCandle } from "./candle_file.ts";

/** Where history is put: an instrument, its calendar, an interval. */
export interface HistoryOf {
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  readonly interval: StoredInterval;
}

/** A candle of a file as the warehouse holds it, or why it cannot. */
export function historyCandle(
  candle: FileCandle,
  of: HistoryOf,
): StoredCandle | string {
  const { instrument, calendar, interval } = of;
  const { start, end } = calendar.bucketAt(interval, candle.time);
  const wrong = misplaced(candle, start, of) ?? tooFine(candle, instrument);
  return wrong ?? {
    symbol: instrument.symbol,
    interval,
    t: start,
    end,
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    volume: candle.volume,
    vw: null,
    n: candle.n,
    closed: true,
    closedBy: "import",
    rev: 0,
    complete: true,
    coverageMs: tradingMs(calendar, { start, end }),
    origin: "import",
    lastTs: null,
  };
}

export function isoOf({ time }: FileCandle): string {
  return new Date(time / 1_000).toISOString();
}

/** Why the calendar has no candle at this time, or `null`. */
function misplaced(
  candle: FileCandle,
  start: number,
  { calendar, interval }: HistoryOf,
): string | null {
  // A day's candle is stamped in many ways: at its open, its close, midnight.
  if (interval === "1d") return null;
  if (start !== candle.time) {
    return `time must be the open of a candle of ${interval}, got ` +
      isoOf(candle);
  }
  const state = calendar.stateAt(candle.time);
  return state.kind === "closed"
    ? `time must be in a session of ${calendar.id}, got ${isoOf(candle)}: ` +
      state.reason
    : null;
}

/** Why the instrument cannot hold all decimals of a candle, or `null`. */
function tooFine(
  { open, high, low, close, volume }: FileCandle,
  { symbol, priceScale, sizeScale }: Instrument,
): string | null {
  const price = Math.max(...[open, high, low, close].map(decimalsOf));
  if (price > priceScale) {
    return `prices of ${symbol} must have at most ${priceScale} decimals, ` +
      `got ${price}; --round ${priceScale} rounds them`;
  }
  return decimalsOf(volume) > sizeScale
    ? `volumes of ${symbol} must have at most ${sizeScale} decimals, got ` +
      volume
    : null;
}
