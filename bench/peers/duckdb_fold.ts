/**
 * The file of ticks folded by one query of DuckDB, on all cores.
 *
 * `duckdb_fold.ts SPECIFIER FILE`: says how long it took and its candles.
 */
const [specifier, file] = Deno.args;
const { DuckDBInstance } = await import(specifier);
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
const from = performance.now();
const reader = await connection.runAndReadAll(`
  select symbol, (ts - ts % 60000)::double as t, arg_min(price, ts),
    max(price), min(price), arg_max(price, ts), sum(volume)
  from read_json('${file.replaceAll("'", "''")}',
    format = 'newline_delimited', columns = {symbol: 'VARCHAR', ts: 'BIGINT',
      price: 'DOUBLE', volume: 'DOUBLE'})
  group by symbol, t`);
const candles = reader.getRows();
const seconds = (performance.now() - from) / 1_000;
console.log(JSON.stringify({ seconds, candles }));
