/**
 * Recorded ticks of real markets go through the TCP port; the candles must be
 * those that the exchanges and publishers computed themselves.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "./harness/program.ts";
import { marketDataTest, readCsv } from "./harness/market_data.ts";

/** Candles an independent source has, as decimals. */
interface Ohlcv {
  readonly t: number;
  readonly values: readonly string[];
}

/** `1.50` and `1.5` are one decimal; doubles tell all of these apart. */
const decimal = (text: string | number) => String(Number(text));

function rowsOf(
  csv: readonly Readonly<Record<string, string>>[],
  columns: readonly string[],
): readonly Ohlcv[] {
  return csv.map((row) => ({
    t: Number(row.ts_ms),
    values: columns.map((name) => decimal(row[name])),
  }));
}

interface View {
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  readonly n: number;
  readonly closed: boolean;
  readonly complete: boolean;
  readonly rev: number;
}

async function candlesOf(
  program: Program,
  symbol: string,
  interval = "1m",
): Promise<readonly View[]> {
  const { candles } = await getJson(
    program,
    `/api/candles?symbol=${symbol}&interval=${interval}&from=0&limit=10000`,
  );
  return candles;
}

const ohlcv = (c: View) => [c.o, c.h, c.l, c.c, c.v].map(decimal);
const ohlcvn = (c: View) => [c.o, c.h, c.l, c.c, c.v, c.n].map(decimal);
const ohlc = (c: View) => [c.o, c.h, c.l, c.c].map(decimal);

/** Runs the replay task on one file, to its end. */
async function replay(
  program: Program,
  file: string,
  ...options: readonly string[]
): Promise<{ sent: number; acked: number; rejected: number }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      "--allow-read",
      "tasks/replay.ts",
      file,
      "--to",
      program.feeds[0],
      ...options,
    ],
    cwd: new URL("..", import.meta.url),
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  assert.equal(code, 0, `${text}\n${new TextDecoder().decode(stderr)}`);
  return JSON.parse(text.split("\n").at(-1)!);
}

/** Compares candle by candle and names the first that differ. */
function assertSame(
  ours: readonly View[],
  theirs: readonly Ohlcv[],
  values: (c: View) => readonly string[],
): void {
  const byTime = new Map(ours.map((candle) => [candle.t, candle]));
  const wrong = theirs.filter(({ t, values: wanted }) => {
    const candle = byTime.get(t);
    return !candle || values(candle).join() !== wanted.join();
  });
  const sample = wrong.slice(0, 3).map(({ t, values: wanted }) => ({
    t,
    wanted,
    got: byTime.has(t) ? values(byTime.get(t)!) : null,
  }));
  assert.equal(wrong.length, 0, JSON.stringify(sample));
}

marketDataTest(
  "recorded ticks give the candles that others computed",
  async (dir) => {
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-real-" });
    const program = await startProgram({
      DATA_DIR: dataDir,
      HTTP_PORT: "0",
      FEEDS: "listen://127.0.0.1:0",
      ROLES: "feed,aggregate,web",
    });
    try {
      await kraken(program, dir);
      await dukascopy(program, dir);
      await fxcm(program, dir);
      await nifty(program, dir);
      await phemex(program, dir);
      const audit = await getJson(program, "/api/audit");
      assert.equal(audit.balanced, true, JSON.stringify(audit));
      assert.equal(audit.ticks_unaccounted, 0);
      const stopped = await program.stop();
      assert.equal(stopped.code, 0, stopped.log);
    } finally {
      await program.kill().catch(() => {});
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

async function kraken(program: Program, dir: string): Promise<void> {
  const folder = join(dir, "kraken_xbtusdt_20251110");
  const file = join(folder, "ticks.csv.gz");
  const first = await replay(program, file, "--symbol", "XBTUSDT");
  assert.equal(first.acked, 1_000);
  const exchange = rowsOf(
    await readCsv(folder, "candles_exchange.csv.gz"),
    ["open", "high", "low", "close", "volume", "trades"],
  ).filter(({ values }) => Number(values[5]) > 0);
  const ours = await candlesOf(program, "XBTUSDT");
  const [partial, ...whole] = ours;
  assert.equal(partial.t, 1762795380000);
  assert.equal(partial.complete, false, "we came in its middle");
  assert.equal(whole.length, 273);
  const from = whole[0].t;
  const to = whole.at(-1)!.t;
  const covered = exchange.filter(({ t }) => t >= from && t <= to);
  assert.equal(covered.length, 273);
  assertSame(whole, covered, ohlcvn);
  assert(ours.every((candle) => candle.closed), "the end closes the last one");

  await replay(program, file, "--symbol", "XBTUSDT");
  assert.deepEqual(
    await candlesOf(program, "XBTUSDT"),
    ours,
    "a second replay of the file adds nothing",
  );
}

async function dukascopy(program: Program, dir: string): Promise<void> {
  const folder = join(dir, "dukascopy_eurusd_20190204");
  await replay(program, join(folder, "ticks.csv.gz"), "--symbol", "EURUSD.DK");
  const publisher = rowsOf(
    await readCsv(folder, "candles_publisher.csv.gz"),
    ["open", "high", "low", "close", "volume"],
  );
  const ours = await candlesOf(program, "EURUSD.DK");
  assert.equal(ours.length, 1_440);
  assertSame(ours, publisher, ohlcv);

  for (
    const [interval, minutes, count] of [
      ["5m", 5, 288],
      ["15m", 15, 96],
      ["1h", 60, 24],
      ["1d", 1_440, 1],
    ] as const
  ) {
    const rollups = await until(
      `${interval} candles of the day`,
      () => candlesOf(program, "EURUSD.DK", interval),
      (found) =>
        found.length === count && found.every((c) => c.closed) &&
        found.reduce((sum, c) => sum + c.n, 0) === 136_741,
    );
    assertSame(rollups, merged(ours, minutes), ohlcvn);
  }
}

/** What a longer interval must be, by the plainest group-by there is. */
function merged(minutes: readonly View[], size: number): readonly Ohlcv[] {
  const groups = Map.groupBy(
    minutes,
    ({ t }) => Math.floor(t / (size * 60_000)) * size * 60_000,
  );
  return [...groups].map(([t, group]) => ({
    t,
    values: [
      group[0].o,
      Math.max(...group.map((c) => c.h)),
      Math.min(...group.map((c) => c.l)),
      group.at(-1)!.c,
      group.reduce((sum, c) => sum + Math.round(c.v * 100), 0) / 100,
      group.reduce((sum, c) => sum + c.n, 0),
    ].map(decimal),
  }));
}

async function fxcm(program: Program, dir: string): Promise<void> {
  const folder = join(dir, "fxcm_eurusd_20140502_05");
  await replay(program, join(folder, "ticks.csv.gz"), "--symbol", "EURUSD.FX");
  const vendor = rowsOf(
    await readCsv(folder, "candles_vendor_bid.csv.gz"),
    ["open", "high", "low", "close", "volume"],
  );
  const ours = await candlesOf(program, "EURUSD.FX");
  assert.equal(ours.length, 2_915);
  assertSame(ours, vendor, ohlcv);
}

async function nifty(program: Program, dir: string): Promise<void> {
  const day = "2022-11-01";
  const folder = join(dir, "nse_nifty50_1s_2022");
  const open = Date.parse(`${day}T09:15:00+05:30`);
  const close = Date.parse(`${day}T15:30:00+05:30`);
  const ticks = await readCsv(folder, `ticks_${day}.csv.gz`);
  const session = ticks.filter(({ ts_ms }) =>
    Number(ts_ms) >= open && Number(ts_ms) < close
  );
  const sent = await replay(
    program,
    join(folder, `ticks_${day}.csv.gz`),
    "--symbol",
    "NIFTY50",
  );
  assert.equal(sent.rejected, ticks.length - session.length);
  const theirs = rowsOf(
    await readCsv(folder, `candles_from_ticks_${day}.csv.gz`),
    ["open", "high", "low", "close"],
  ).filter(({ t }) => t >= open && t < close);
  const ours = await candlesOf(program, "NIFTY50");
  assert.equal(ours.length, 375);
  assertSame(ours, theirs, ohlc);
  const facts = JSON.parse(await Deno.readTextFile(join(dir, "FACTS.json")));
  const [official] = facts.nse_nifty50_1s_2022[day].nse_official_ohlc;
  assert.equal(decimal(ours[0].o), decimal(official), "the official open");
  assert.equal(decimal(ours.at(-1)!.c), decimal(session.at(-1)!.price));

  const hours = await until(
    "session-anchored hours",
    () => candlesOf(program, "NIFTY50", "1h"),
    (found) => found.length === 7 && found.every((c) => c.closed),
  );
  assert.equal(hours[0].t, open, "an hour of NSE begins at 09:15");
}

async function phemex(program: Program, dir: string): Promise<void> {
  const folder = join(dir, "phemex_ws_out_of_order");
  const sent = await replay(
    program,
    join(folder, "ticks_arrival_order.csv.gz"),
  );
  assert.equal(sent.acked, 10_025);
  const facts = JSON.parse(await Deno.readTextFile(join(dir, "FACTS.json")));
  const totals = facts.phemex_ws_out_of_order.per_symbol;
  assert.equal(Object.keys(totals).length, 10);
  for (
    const [symbol, wanted] of Object.entries<Record<string, unknown>>(totals)
  ) {
    const candles = await candlesOf(program, symbol);
    assert.deepEqual(
      {
        ticks: candles.reduce((sum, c) => sum + c.n, 0),
        minutes: candles.length,
        sum_volume: String(candles.reduce((sum, c) => sum + c.v, 0)),
        high: String(Math.max(...candles.map((c) => c.h))),
        low: String(Math.min(...candles.map((c) => c.l))),
      },
      {
        ticks: wanted.ticks,
        minutes: wanted.minutes,
        sum_volume: wanted.sum_volume,
        high: wanted.high,
        low: wanted.low,
      },
      symbol,
    );
  }
}
