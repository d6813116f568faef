import {
  ByteWriter,
  ParquetWriter,
  schemaFromColumnData,
} from "hyparquet-writer";
import type { Table } from "./row_table.ts";

/**
 * Rows as a Parquet file, a row group for each part that is added.
 *
 * Memory: one part; what is made is taken after each.
 */
export class ParquetRows<Row> {
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;

  /** @param labels Kept in the file's metadata, such as the symbol. */
  constructor(
    private readonly table: Table<Row>,
    labels: Readonly<Record<string, string>>,
  ) {
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaFromColumnData({ columnData: columnsOf(table, []) }),
      kvMetadata: Object.entries(labels).map(([key, value]) => ({
        key,
        value,
      })),
      createdBy: "tickhouse",
    });
  }

  /** @returns Bytes of the file, to be put after those before. */
  add(rows: readonly Row[]): Uint8Array<ArrayBuffer> {
    if (rows.length > 0) {
      this.#writer.write({
        columnData: columnsOf(this.table, rows),
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

/** A whole file. */
export function parquetFile<Row>(
  table: Table<Row>,
  labels: Readonly<Record<string, string>>,
  rows: readonly Row[],
): Uint8Array<ArrayBuffer> {
  const file = new ParquetRows(table, labels);
  const [first, last] = [file.add(rows), file.finish()];
  const whole = new Uint8Array(first.length + last.length);
  whole.set(first);
  whole.set(last, first.length);
  return whole;
}

function columnsOf<Row>(table: Table<Row>, rows: readonly Row[]) {
  return table.map(({ name, type, nullable, of }) => ({
    name,
    type,
    nullable,
    data: rows.map((row) =>
      type === "TIMESTAMP" ? new Date(of(row) as number) : of(row)
    ),
  }));
}
