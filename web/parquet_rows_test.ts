import assert from "node:assert/strict";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { CANDLE_TABLE } from "./candle_table.ts";
import type { FilledCandle } from "./fill_candles.ts";
import { ParquetRows } from "./parquet_rows.ts";

const T = Date.parse("2026-01-05T03:45:00Z");
const closed: FilledCandle = {
  t: T,
  o: 100.05,
  h: 101,
  l: 99.5,
  c: 100.5,
  v: 12.25,
  n: 7,
  vw: 100.2525,
  closed: true,
  rev: 1,
  complete: true,
  coverage_ms: 60_000,
  closed_by: "watermark",
};
/** As `fill=null` has it. */
const empty: FilledCandle = {
  t: T + 60_000,
  o: null,
  h: null,
  l: null,
  c: null,
  v: 0,
  n: 0,
  vw: null,
  closed: true,
  rev: 0,
  complete: false,
  coverage_ms: 0,
  closed_by: null,
  synthetic: true,
};

async function read(parts: readonly Uint8Array<ArrayBuffer>[]) {
  const file = await new Blob([...parts]).arrayBuffer();
  return {
    metadata: parquetMetadata(file),
    rows: await parquetReadObjects({ file }),
  };
}

Deno.test("ParquetRows writes what another reader reads, exactly", async () => {
  const file = new ParquetRows(CANDLE_TABLE, {
    symbol: "NIFTY50",
    interval: "1m",
  });
  const { rows, metadata } = await read([
    file.add([closed]),
    file.add([]),
    file.add([empty, closed]),
    file.finish(),
  ]);
  const named = (candle: FilledCandle) => ({
    ...candle,
    t: new Date(candle.t),
    synthetic: candle.synthetic ?? false,
  });
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

Deno.test("ParquetRows without rows is a file with columns", async () => {
  const file = new ParquetRows(CANDLE_TABLE, {});
  const { rows, metadata } = await read([file.finish()]);
  assert.deepEqual(rows, []);
  assert.equal(metadata.schema.length, CANDLE_TABLE.length + 1);
});
