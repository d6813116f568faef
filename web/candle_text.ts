import { CANDLE_COLUMNS } from "./answers/candles.ts";
import type { FilledCandle } from "./fill_candles.ts";
import type { CandleRow } from "./parquet_candles.ts";

/** First line of candles as CSV. */
export const CANDLE_CSV_HEAD = CANDLE_COLUMNS.join(",") + "\r\n";

/** Values of a candle in the order of `CANDLE_COLUMNS`. */
export function candleRow(candle: FilledCandle): CandleRow {
  return CANDLE_COLUMNS.map((column) =>
    column === "synthetic" ? candle.synthetic ?? false : candle[column]
  );
}

/** Candles as lines of CSV, without the first. */
export function candleCsv(candles: readonly FilledCandle[]): string {
  return candles.map((candle) =>
    candleRow(candle).map((value) => value === null ? "" : String(value))
      .join(",") + "\r\n"
  ).join("");
}

/** Values as lines of JSON. */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value) + "\n").join("");
}
