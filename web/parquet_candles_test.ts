import assert from "node:assert/strict";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { CANDLE_COLUMNS } from "./answers/candles.ts";
import { type CandleRow, ParquetCandles } from "./parquet_candles.ts";

const T = Date.parse("2026-01-05T03:45:00Z");
const closed: CandleRow = [
  T,
  100.05,
  101,
  99.5,
  100.5,
  12.25,
  7,
  100.2525,
  true,
  1,
  true,
  60_000,
  "watermark",
  false,
];
/** As `fill=null` has it. */
const empty: CandleRow = [
  T + 60_000,
  null,
  null,
  null,
  null,
  0,
  0,
  null,
  true,
  0,
  true,
  60_000,
  null,
  true,
];

async function read(parts: readonly Uint8Array<ArrayBuffer>[]) {
  const file = await new Blob([...parts]).arrayBuffer();
  return {
    metadata: parquetMetadata(file),
    rows: await parquetReadObjects({ file }),
  };
}

Deno.test("ParquetCandles writes what another reader reads, exactly", async () => {
  const file = new ParquetCandles({ symbol: "NIFTY50", interval: "1m" });
  const { rows, metadata } = await read([
    file.add([closed]),
    file.add([]),
    file.add([empty, closed]),
    file.finish(),
  ]);
  const named = (row: CandleRow) =>
    Object.fromEntries(
      CANDLE_COLUMNS.map((name, i) => [
        name,
        name === "t" ? new Date(row[i] as number) : row[i],
      ]),
    );
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    named(closed),
    named(empty),
    named(closed),
  ]);
  assert.equal(metadata.row_groups.length, 2);
  assert.deepEqual(
    metadata.key_value_metadata?.map(({ key, value }) => [key, value]),
    [["symbol", "NIFTY50"], ["interval", "1m"]],
  );
  const t = metadata.schema.find(({ name }) => name === "t")!;
  assert.deepEqual([t.converted_type, t.repetition_type], [
    "TIMESTAMP_MILLIS",
    "REQUIRED",
  ]);
});

Deno.test("ParquetCandles without candles is a file with columns", async () => {
  const file = new ParquetCandles({});
  const { rows, metadata } = await read([file.finish()]);
  assert.deepEqual(rows, []);
  assert.equal(metadata.schema.length, CANDLE_COLUMNS.length + 1);
});
