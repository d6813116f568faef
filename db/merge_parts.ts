import type { ClosedBy, StoredCandle } from "../pipeline/domain/candle.ts";
import type { Bucket } from "../pipeline/domain/calendar.ts";
import { formatScaled } from "../pipeline/domain/decimal.ts";
import type { Interval } from "../pipeline/domain/interval.ts";
import { candleOf, type CandleRow, digitsOf } from "./candle_rows.ts";

export interface Merged {
  readonly interval: Interval;
  readonly bucket: Bucket;
  /** Nothing more is waited for in the bucket. */
  readonly over: boolean;
  readonly tradingMs: number;
}

/**
 * One candle from the candles of its bucket, given in order of t; not empty.
 *
 * All have the decimals of their instrument, so that digits compare and add.
 */
export function mergeParts(
  parts: readonly CandleRow[],
  { interval, bucket, over, tradingMs }: Merged,
): StoredCandle {
  const first = parts[0];
  const last = parts[parts.length - 1];
  const most = (key: "high") =>
    parts.reduce((a, b) => digitsOf(b[key]) > digitsOf(a[key]) ? b : a)[key];
  const least = (key: "low") =>
    parts.reduce((a, b) => digitsOf(b[key]) < digitsOf(a[key]) ? b : a)[key];
  const sum = (texts: readonly string[], scale: number) =>
    formatScaled(texts.reduce((all, text) => all + digitsOf(text), 0n), scale);
  const notionals = parts.map(({ notional }) => notional)
    .filter((notional) => notional !== null);
  const total = (key: "n" | "rev" | "coverage_ms") =>
    parts.reduce((total, part) => total + part[key], 0);
  const closed = over && parts.every((part) => part.closed);
  const coverageMs = total("coverage_ms");
  const ofTicks = parts.some(({ origin }) => origin === "ticks");
  return candleOf({
    ...first,
    interval,
    t: bucket.start,
    end_t: bucket.end,
    high: most("high"),
    low: least("low"),
    close: last.close,
    volume: sum(parts.map((part) => part.volume), first.size_scale),
    notional: notionals.length === parts.length
      ? sum(notionals, first.price_scale + first.size_scale)
      : null,
    n: total("n"),
    closed,
    closed_by: closed ? last.closed_by as ClosedBy : null,
    complete: closed && coverageMs >= tradingMs,
    coverage_ms: coverageMs,
    rev: total("rev"),
    origin: ofTicks ? "ticks" : "import",
    last_ts: parts.reduce<number | null>(
      (newest, { last_ts }) =>
        last_ts === null ? newest : Math.max(newest ?? last_ts, last_ts),
      null,
    ),
  });
}
