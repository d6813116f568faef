import type { ClosedBy, StoredCandle } from "../pipeline/domain/candle.ts";
import { formatScaled } from "../pipeline/domain/decimal.ts";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import type { Row } from "./db.ts";
import { micros, microsOrNull } from "./sql_values.ts";

/** Decimals that a volume-weighted price has beyond those of a price. */
const VWAP_DECIMALS_MORE = 4;

/**
 * Columns of a candle `c` of an instrument `i`: exact text with all decimals
 * of the instrument, numbers and microseconds.
 */
export const CANDLE_COLUMNS = `
  i.symbol, i.price_scale, i.size_scale, c.interval,
  to_micros(c.t)::float8 as t, to_micros(c.end_t)::float8 as end_t,
  round(c.open, i.price_scale)::text as open,
  round(c.high, i.price_scale)::text as high,
  round(c.low, i.price_scale)::text as low,
  round(c.close, i.price_scale)::text as close,
  round(c.volume, i.size_scale)::text as volume,
  round(c.notional, i.price_scale + i.size_scale)::text as notional,
  c.n::float8 as n, c.closed, c.closed_by, c.complete,
  c.coverage_ms::float8 as coverage_ms, c.rev, c.origin,
  c.last_ts::float8 as last_ts`;

const VALUES = `to_micros(c.t), to_micros(c.end_t),
    round(c.open, i.price_scale), round(c.high, i.price_scale),
    round(c.low, i.price_scale), round(c.close, i.price_scale),
    round(c.volume, i.size_scale),
    coalesce(round(c.notional, i.price_scale + i.size_scale)::text, '-'),
    c.n, c.closed, coalesce(c.closed_by, '-'), c.complete, c.coverage_ms,
    c.rev, c.origin, coalesce(c.last_ts::text, '-')`;

/**
 * The same of many candles of one instrument and interval as one text, a line
 * each, in the order in which they come: to decode a value costs more than to
 * make it, and what they share is told once.
 */
export const CANDLE_LINES = `
  string_agg(concat_ws(' ', ${VALUES}), E'\\n')`;

/** The same of candles of any instruments and intervals. */
export const CANDLE_LINES_OF_ALL = `
  string_agg(concat_ws(' ', ${VALUES},
    i.symbol, i.price_scale, i.size_scale, c.interval), E'\\n')`;

/** What the candles of `CANDLE_LINES` share. */
export type CandleKind = Pick<
  CandleRow,
  "symbol" | "price_scale" | "size_scale" | "interval"
>;

/**
 * @param lines `null` for none.
 * @param kind What all share; each line says it if absent.
 */
export function rowsOfLines(
  lines: string | null,
  kind?: CandleKind,
): CandleRow[] {
  if (lines === null) return [];
  return lines.split("\n").map((line) => {
    const values = line.split(" ");
    return {
      symbol: kind?.symbol ?? values[16],
      price_scale: kind?.price_scale ?? Number(values[17]),
      size_scale: kind?.size_scale ?? Number(values[18]),
      interval: kind?.interval ?? values[19],
      t: Number(values[0]),
      end_t: Number(values[1]),
      open: values[2],
      high: values[3],
      low: values[4],
      close: values[5],
      volume: values[6],
      notional: orNull(values[7]),
      n: Number(values[8]),
      closed: values[9] === "t",
      closed_by: orNull(values[10]),
      complete: values[11] === "t",
      coverage_ms: Number(values[12]),
      rev: Number(values[13]),
      origin: values[14],
      last_ts: values[15] === "-" ? null : Number(values[15]),
    };
  });
}

function orNull(text: string): string | null {
  return text === "-" ? null : text;
}

/** A row of `CANDLE_COLUMNS`. */
export interface CandleRow extends Row {
  readonly symbol: string;
  readonly price_scale: number;
  readonly size_scale: number;
  readonly interval: string;
  readonly t: number;
  readonly end_t: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** `null` if it is not known. */
  readonly notional: string | null;
  readonly n: number;
  readonly closed: boolean;
  readonly closed_by: string | null;
  readonly complete: boolean;
  readonly coverage_ms: number;
  readonly rev: number;
  readonly origin: string;
  readonly last_ts: number | null;
}

export function candleOf(row: CandleRow): StoredCandle {
  return {
    symbol: row.symbol,
    interval: row.interval as StoredInterval,
    t: micros(row.t),
    end: micros(row.end_t),
    open: row.open,
    high: row.high,
    low: row.low,
    close: row.close,
    volume: row.volume,
    vw: vwapOf(row),
    n: row.n,
    closed: row.closed,
    closedBy: row.closed_by as ClosedBy | null,
    rev: row.rev,
    complete: row.complete,
    coverageMs: row.coverage_ms,
    origin: row.origin as StoredCandle["origin"],
    lastTs: microsOrNull(row.last_ts),
  };
}

/** Whole count of the last decimal that the text has. */
export function digitsOf(text: string): bigint {
  return BigInt(text.replace(".", ""));
}

/** Volume-weighted price, rounded half up; `null` if there is none. */
function vwapOf(
  row: Pick<CandleRow, "notional" | "volume" | "price_scale">,
): string | null {
  const volume = digitsOf(row.volume);
  if (volume === 0n || row.notional === null) return null;
  const scaled = digitsOf(row.notional) * 10n ** BigInt(VWAP_DECIMALS_MORE);
  return formatScaled(
    (2n * scaled + volume) / (2n * volume),
    row.price_scale + VWAP_DECIMALS_MORE,
  );
}
