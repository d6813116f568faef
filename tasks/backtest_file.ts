import {
  loadCalendars,
  loadInstruments,
} from "../pipeline/calendars/load_markets.ts";
import { autoSpec } from "../pipeline/domain/instrument.ts";
import {
  type Instrument,
  type InstrumentSpec,
  SYMBOL_PATTERN,
} from "../pipeline/domain/instrument.ts";
import { assert } from "../pipeline/domain/assert.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type { KnownCandle } from "../pipeline/forecast/backtest/known_candle.ts";
import type { BacktestSource } from "./backtest_source.ts";
import { decimalsOf } from "./candle_file.ts";
import { historyCandle, isoOf } from "./history_candle.ts";
import {
  type candleFileOptions,
  readCandleFile,
  Rejects,
} from "./read_candle_file.ts";
import type { TaskContext } from "./run_task.ts";
import type { OptionValues } from "./task_options.ts";
import { openTickFile } from "./tick_file.ts";

const ROOT = new URL("../", import.meta.url);

export interface FileOptions extends OptionValues<typeof candleFileOptions> {
  readonly path: string;
  /** By default the file's name. */
  readonly symbol: string | undefined;
  readonly from: EpochMicros | undefined;
  readonly to: EpochMicros | undefined;
}

/**
 * Candles of a file. It is read twice: for its range and decimals, then for
 * its candles, so that its size does not matter.
 *
 * @throws {Error} If it cannot be read, or none of its lines is a candle of
 * the range.
 */
export async function openFileSource(
  options: FileOptions,
  { say, signal }: TaskContext,
): Promise<BacktestSource> {
  const { path, from, to } = options;
  const file = await openTickFile(path);
  const quiet = { add() {} };
  const read = { lines: 0, empty: 0 };
  let first: EpochMicros | null = null;
  let end: number | null = null;
  let [price, size] = [0, 0];
  for await (const candle of readCandleFile(file, options, quiet, read)) {
    if (signal.aborted) throw new Error("Stopped");
    const { time, open, high, low, close, volume } = candle;
    price = Math.max(price, ...[open, high, low, close].map(decimalsOf));
    size = Math.max(size, decimalsOf(volume));
    if (time < (from ?? -Infinity) || time >= (to ?? Infinity)) continue;
    first = Math.min(first ?? time, time) as EpochMicros;
    end = Math.max(end ?? time, time);
  }
  if (first === null || end === null) {
    throw new Error(
      `Cannot backtest ${path} as it must have candles in the range, got ` +
        `${read.lines} lines and none of them is one`,
    );
  }
  const calendars = await loadCalendars(new URL("markets/calendars", ROOT));
  const symbol = options.symbol ?? symbolOf(path);
  const specs = await loadInstruments(
    new URL("markets/instruments/nse.json", ROOT),
    calendars,
  );
  const scales = { priceScale: price, sizeScale: size };
  const known = specs.find((spec) => spec.symbol === symbol);
  const instrument = withId(known ?? autoSpec(symbol, scales));
  const calendar = calendars.get(instrument.calendar);
  assert(calendar !== undefined, "instruments name calendars that are there");
  const rejects = new Rejects(say);
  const range = { from: from ?? first, to: to ?? (end + 1) as EpochMicros };

  async function* candles(warmUp: number): AsyncGenerator<KnownCandle> {
    let before: KnownCandle[] = [];
    let last: EpochMicros | null = null;
    for await (
      const candle of readCandleFile(file, options, rejects, {
        lines: 0,
        empty: 0,
      })
    ) {
      if (candle.time >= range.to) continue;
      const stored = historyCandle(candle, {
        instrument,
        calendar: calendar!,
        interval: "1m",
      });
      // What is wrong before the range is not asked about.
      const reject = (reason: string) => {
        if (candle.time >= range.from) rejects.add(candle, reason);
      };
      if (typeof stored === "string") {
        reject(stored);
        continue;
      }
      if (last !== null && stored.t < last) {
        reject(
          `time must be after the candle before it, got ${isoOf(candle)}`,
        );
        continue;
      }
      last = stored.end;
      const one = { first: stored, later: [] };
      if (stored.t < range.from) {
        before.push(one);
        if (before.length > warmUp) before.shift();
        continue;
      }
      yield* before;
      before = [];
      yield one;
    }
  }

  return {
    name: path.split("/").at(-1) ?? path,
    instrument,
    calendar,
    ...range,
    candles,
    get rejected() {
      return rejects.count;
    },
  };
}

function withId(spec: InstrumentSpec): Instrument {
  return { ...spec, id: 0 };
}

function symbolOf(path: string): string {
  const name = path.split("/").at(-1)!.replace(/(\.\w{1,6}){1,2}$/, "")
    .replace(/[^A-Za-z0-9._-]/g, "-").replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 32);
  return SYMBOL_PATTERN.test(name) ? name : "FILE";
}
