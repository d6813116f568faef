import { CANDLE_COLUMNS } from "./answers/candles.ts";
import type { FilledCandle } from "./fill_candles.ts";
import type { Table, TableColumn, Value } from "./row_table.ts";

type Column = Pick<TableColumn<FilledCandle>, "type" | "nullable">;

const price: Column = { type: "DOUBLE", nullable: true };

const COLUMNS: Readonly<Record<typeof CANDLE_COLUMNS[number], Column>> = {
  t: { type: "TIMESTAMP", nullable: false },
  o: price,
  h: price,
  l: price,
  c: price,
  v: { type: "DOUBLE", nullable: false },
  n: { type: "INT32", nullable: false },
  vw: price,
  closed: { type: "BOOLEAN", nullable: false },
  rev: { type: "INT32", nullable: false },
  complete: { type: "BOOLEAN", nullable: false },
  coverage_ms: { type: "DOUBLE", nullable: false },
  closed_by: { type: "STRING", nullable: true },
  synthetic: { type: "BOOLEAN", nullable: false },
};

/** Candles, in the order of `CANDLE_COLUMNS`. */
export const CANDLE_TABLE: Table<FilledCandle> = CANDLE_COLUMNS.map((name) => ({
  name,
  ...COLUMNS[name],
  of: (candle) =>
    name === "synthetic" ? candle.synthetic ?? false : candle[name],
}));

/** Values of a candle in the order of `CANDLE_COLUMNS`. */
export function candleRow(candle: FilledCandle): readonly Value[] {
  return CANDLE_TABLE.map(({ of }) => of(candle));
}
