/**
 * Puts candles of history into the warehouse; `--help` says what it can do.
 *
 * One line of JSON on stdout says what came of it. Exits with 0 if any candle
 * was taken, 73 if the program is running, 2 for a bad command line, 1 for
 * everything else.
 */
import {
  DataDirLockedError,
  EXIT_DATA_DIR_LOCKED,
} from "../db/lock_data_dir.ts";
import { type OpenStores, openStores } from "../db/open_stores.ts";
import {
  loadCalendars,
  loadInstruments,
} from "../pipeline/calendars/load_markets.ts";
import { Catalog } from "../pipeline/catalog.ts";
import { catalogBuckets } from "../pipeline/calendars/catalog_buckets.ts";
import { type Config, parseConfig } from "../pipeline/config.ts";
import { readSecretFiles } from "../pipeline/secret_files.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import type { StoredCandle } from "../pipeline/domain/candle.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import {
  isStoredInterval,
  STORED_INTERVALS,
  type StoredInterval,
} from "../pipeline/domain/interval.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { decimalsOf, type FileCandle } from "./candle_file.ts";
import { historyCandle, isoOf } from "./history_candle.ts";
import {
  candleFileOptions,
  type PlacedCandle,
  readCandleFile,
  Rejects,
} from "./read_candle_file.ts";
import { runTask, type TaskContext } from "./run_task.ts";
import {
  describeOptions,
  helpOption,
  option,
  OptionsError,
  parseOptions,
  symbolOption,
} from "./task_options.ts";
import { openTickFile } from "./tick_file.ts";
import { silentLog } from "../pipeline/silent_log.ts";

const STORE_BATCH = 10_000;
const ROOT = new URL("../", import.meta.url);
const ROLL_UP_LIMIT = 1_000;

const OPTIONS = {
  symbol: symbolOption("Symbol of the candles"),
  interval: option<StoredInterval>({
    takes: "I",
    fallback: "1m",
    wanted: `one of ${STORED_INTERVALS.join(", ")}`,
    meaning: "Interval of the candles",
    read: (text) => isStoredInterval(text) ? text : null,
  }),
  ...candleFileOptions,
  help: helpOption,
};

const USAGE = `Puts candles of history into the warehouse under DATA_DIR.

deno task import --symbol S [OPTIONS] FILE…

CSV with a header, or one JSON object a line; gzip too. Columns by name: ts_ms,
ts, t, time, timestamp, date or datetime (Unix ms or ISO 8601, the open of the
candle); open, high, low, close; volume and trades if there are.
The program must not be running. Candles made from ticks stay as they are, and
a second run changes nothing.

${describeOptions(OPTIONS)}
`;

/** The task, on the stores of `config`. */
export async function importCandles(
  args: readonly string[],
  config: Config,
  context: TaskContext,
) {
  const { values, rest: paths } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  const { symbol } = values;
  if (symbol === undefined) {
    throw new OptionsError("Cannot import without --symbol");
  }
  if (paths.length === 0) {
    throw new OptionsError("Cannot import nothing as it needs a FILE");
  }
  const files = [];
  for (const path of paths) files.push(await openTickFile(path));

  const rejects = new Rejects(context.say);
  const read = { lines: 0, empty: 0 };
  const candles: PlacedCandle[] = [];
  for (const file of files) {
    for await (const candle of readCandleFile(file, values, rejects, read)) {
      candles.push(candle);
      if (context.signal.aborted) throw new Error("Stopped; nothing is stored");
    }
  }

  if (candles.length === 0) {
    throw new Error(
      `Cannot import ${paths.join(", ")} as it must have candles, got ` +
        `${read.lines} lines and none of them is one`,
    );
  }

  const { stores, catalog } = await openWarehouse(config);
  try {
    await claimReal(stores, config);
    const instrument = await register(symbol, candles, {
      stores,
      catalog,
      config,
    });
    const stored = placed(candles, {
      instrument,
      calendar: catalog.calendarOf(instrument),
      interval: values.interval,
      rejects,
    });
    const counts = { imported: 0, kept: 0 };
    for (let at = 0; at < stored.length; at += STORE_BATCH) {
      const some = stored.slice(at, at + STORE_BATCH);
      const result = await stores.candles.importCandles(symbol, some);
      counts.imported += result.imported;
      counts.kept += result.kept;
      context.say(
        `${Math.min(at + STORE_BATCH, stored.length)} of ${stored.length} ` +
          `candles stored`,
      );
      if (context.signal.aborted) break;
    }
    const rollups = await rollUp(
      stores,
      stores.layout.of(symbol),
    );
    await stores.aggregate.checkpoint();
    return {
      report: {
        event: "imported",
        symbol,
        interval: values.interval,
        lines: read.lines,
        imported: counts.imported,
        kept_from_ticks: counts.kept,
        empty: read.empty,
        rejected: rejects.count,
        rollups,
        from: stored[0] ? stored[0].t / 1_000 : null,
        to: stored.length > 0 ? stored[stored.length - 1].end / 1_000 : null,
      },
      ok: counts.imported + counts.kept > 0 && !context.signal.aborted,
    };
  } finally {
    await stores.close();
  }
}

/** Candles of the file where the calendar puts them, ascending. */
function placed(
  candles: readonly PlacedCandle[],
  { instrument, calendar, interval, rejects }: {
    readonly instrument: Instrument;
    readonly calendar: Calendar;
    readonly interval: StoredInterval;
    readonly rejects: Rejects;
  },
): readonly StoredCandle[] {
  const byTime = new Map<number, StoredCandle>();
  const now = systemClock.now();
  for (const candle of candles) {
    const stored = historyCandle(candle, { instrument, calendar, interval });
    if (typeof stored === "string") rejects.add(candle, stored);
    else if (stored.end > now) {
      rejects.add(candle, `the candle must be over, got ${isoOf(candle)}`);
    } else if (byTime.has(stored.t)) {
      rejects.add(candle, `time must not come twice, got ${isoOf(candle)}`);
    } else byTime.set(stored.t, stored);
  }
  return [...byTime.values()].sort((a, b) => a.t - b.t);
}

/** The instrument, as the file of instruments has it or as its candles need. */
async function register(
  symbol: string,
  candles: readonly FileCandle[],
  { stores, catalog, config }: Warehouse & { readonly config: Config },
): Promise<Instrument> {
  if (!catalog.get(symbol)) {
    const specs = await loadInstruments(
      config.instruments ?? new URL("markets/instruments/nse.json", ROOT),
      await loadCalendars(new URL("markets/calendars", ROOT)),
    );
    await stores.instruments.upsert(
      specs.filter((spec) => spec.symbol === symbol),
    );
    await catalog.refresh();
  }
  let price = 0;
  let size = 0;
  for (const { open, high, low, close, volume } of candles) {
    for (const text of [open, high, low, close]) {
      price = Math.max(price, decimalsOf(text));
    }
    size = Math.max(size, decimalsOf(volume));
  }
  return await catalog.admit(symbol, { price, size });
}

async function rollUp(stores: OpenStores, p: number): Promise<number> {
  let changed = 0;
  for (;;) {
    const some = await stores.aggregate.rollUp(p, ROLL_UP_LIMIT);
    if (some.length === 0) return changed;
    changed += some.length;
  }
}

/** Real history and simulated ticks never share a warehouse. */
async function claimReal(
  stores: OpenStores,
  { dataDir }: Config,
): Promise<void> {
  if (await stores.feeds.claimContent("real") === "real") return;
  throw new Error(
    `Cannot import into ${dataDir} as it holds simulated ticks; set ` +
      `DATA_DIR to another folder`,
  );
}

interface Warehouse {
  readonly stores: OpenStores;
  readonly catalog: Catalog;
}

async function openWarehouse(config: Config): Promise<Warehouse> {
  const calendars = await loadCalendars(new URL("markets/calendars", ROOT));
  const stores = await openStores({
    dataDir: config.dataDir,
    servers: config,
    leaseMs: config.leaseMs,
    partitions: config.partitions,
    clock: systemClock,
    log: silentLog,
    ...catalogBuckets(() => catalog),
  });
  const catalog: Catalog = new Catalog(stores.instruments, calendars, {
    autoRegister: config.autoRegister,
  });
  await catalog.refresh();
  return { stores, catalog };
}

if (import.meta.main) {
  await runTask(async (args, context) => {
    try {
      return await importCandles(
        args,
        parseConfig(readSecretFiles(Deno.env.toObject())),
        context,
      );
    } catch (error) {
      if (!(error instanceof DataDirLockedError)) throw error;
      context.say(`${error.message}; stop it before an import`);
      Deno.exit(EXIT_DATA_DIR_LOCKED);
    }
  });
}
