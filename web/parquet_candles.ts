import {
  type BasicType,
  ByteWriter,
  ParquetWriter,
  schemaFromColumnData,
} from "hyparquet-writer";
import { CANDLE_COLUMNS } from "./answers/candles.ts";

/** A candle as values in the order of `CANDLE_COLUMNS`. */
export type CandleRow = readonly (number | string | boolean | null)[];

interface Column {
  readonly type: BasicType;
  readonly nullable: boolean;
}

const price: Column = { type: "DOUBLE", nullable: true };

/** Types of the columns; `t` is a moment in UTC, in milliseconds. */
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

/**
 * Candles as a Parquet file, a row group for each part that is added.
 *
 * Memory: one part; what is made is taken after each.
 */
export class ParquetCandles {
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;

  /** @param labels Kept in the file's metadata, such as the symbol. */
  constructor(labels: Readonly<Record<string, string>>) {
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaFromColumnData({ columnData: columnsOf([]) }),
      kvMetadata: Object.entries(labels).map(([key, value]) => ({
        key,
        value,
      })),
      createdBy: "tickhouse",
    });
  }

  /** @returns Bytes of the file, to be put after those before. */
  add(rows: readonly CandleRow[]): Uint8Array<ArrayBuffer> {
    if (rows.length > 0) {
      this.#writer.write({
        columnData: columnsOf(rows),
        rowGroupSize: rows.length,
      });
    }
    return this.#take();
  }

  /** @returns The last bytes of the file. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#writer.finish();
    return this.#take();
  }

  #take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    return taken;
  }
}

/** A whole file of candles. */
export function parquetFile(
  labels: Readonly<Record<string, string>>,
  rows: readonly CandleRow[],
): Uint8Array<ArrayBuffer> {
  const file = new ParquetCandles(labels);
  const [first, last] = [file.add(rows), file.finish()];
  const whole = new Uint8Array(first.length + last.length);
  whole.set(first);
  whole.set(last, first.length);
  return whole;
}

function columnsOf(rows: readonly CandleRow[]) {
  return CANDLE_COLUMNS.map((name, i) => ({
    name,
    ...COLUMNS[name],
    data: rows.map((row) => name === "t" ? new Date(row[i] as number) : row[i]),
  }));
}
