/**
 * Walks over candles as if they came live and tells what the forecasts were
 * worth; `--help` says what it can do.
 *
 * Exits with 0 if any minute was forecast, 2 for a bad command line, 1 for
 * everything else.
 */
import { forecastView, SKILL_WINDOW } from "../pipeline/domain/forecast.ts";
import { MICROS_PER_MS } from "../pipeline/domain/time.ts";
import {
  Backtest,
  type BacktestForecast,
  type BacktestResult,
  type BacktestSettings,
} from "../pipeline/forecast/backtest/backtest.ts";
import {
  BASELINE,
  type Candidate,
  CANDIDATES,
} from "../pipeline/forecast/candidates.ts";
import {
  ENGINE_NAMES,
  type EngineName,
} from "../pipeline/forecast/forecast_engine.ts";
import { FitPool } from "../pipeline/forecast/fit_pool.ts";
import { DEFAULT_FORECASTER } from "../pipeline/forecast/run_forecaster.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { openFileSource } from "./backtest_file.ts";
import { backtestReport } from "./backtest_report.tsx";
import { type BacktestSource, CandleHash } from "./backtest_source.ts";
import { backtestTable } from "./backtest_table.ts";
import { type BacktestRun, backtestView } from "./backtest_view.ts";
import { openWarehouseSource } from "./backtest_warehouse.ts";
import { ProgramApi } from "./program_api.ts";
import { Progress } from "./progress.ts";
import { candleFileOptions } from "./read_candle_file.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  helpOption,
  option,
  optional,
  OptionsError,
  type OptionValues,
  parseOptions,
  symbolOption,
  timeOption,
  urlOption,
  wholeNumber,
} from "./task_options.ts";

/** Text of forecasts that waits to be written. */
const WRITE_AT = 65_536;

const OPTIONS = {
  symbol: symbolOption(
    "Symbol of the candles; a known one brings its sessions",
  ),
  from: timeOption("First minute to forecast"),
  to: timeOption("Time before which the last minute begins"),
  file: optional<string>({
    takes: "FILE",
    wanted: "the path of a file",
    meaning: "Candles as CSV or JSON lines, gzip too, instead of a program's",
    read: (text) => text === "" ? null : text,
  }),
  ...candleFileOptions,
  tick: optional<string>({
    takes: "STEP",
    wanted: "a decimal above 0, such as 0.05",
    meaning: "Smallest step of a price; by default the instrument's",
    read: (text) =>
      /^\d{1,9}(\.\d{1,8})?$/.test(text) && Number(text) > 0 ? text : null,
  }),
  url: urlOption,
  interval: option<"1m">({
    takes: "I",
    fallback: "1m",
    wanted: "1m, as forecasts are of minutes",
    meaning: "Interval of the candles",
    read: (text) => text === "1m" ? text : null,
  }),
  models: option<readonly Candidate[]>({
    takes: "LIST",
    fallback: CANDIDATES.map(({ model }) => model).join(" "),
    wanted: `some of ${CANDIDATES.map(({ model }) => model).join(" ")}`,
    meaning: "Models of the close, by spaces; the random walk always runs",
    read: readModels,
  }),
  engine: option<EngineName>({
    takes: "E",
    fallback: "native",
    wanted: ENGINE_NAMES.join(" or "),
    meaning: "What fits the models: our own exact likelihood, or npm arima",
    read: (text) => ENGINE_NAMES.find((name) => name === text) ?? null,
  }),
  window: option({
    takes: "N",
    fallback: String(DEFAULT_FORECASTER.window),
    wanted: "a whole number, 30 to 4000",
    meaning: "Newest candles that a fit uses",
    read: wholeNumber(30, 4_000),
  }),
  "refit-every": option({
    takes: "N",
    fallback: "10",
    wanted: "a whole number, 1 to 100000",
    meaning: "Candles from one fit to the next",
    read: wholeNumber(1, 100_000),
  }),
  "cost-bps": optional<number>({
    takes: "N",
    wanted: "a number, 0 to 10000",
    meaning: "Cost of a round trip in 1/100 of a percent; by default the " +
      "instrument's",
    read: decimalTo(10_000),
  }),
  "ratio-min": option({
    takes: "N",
    fallback: String(DEFAULT_FORECASTER.ratioMin),
    wanted: "a number, 0 to 100",
    meaning: "Least forecast return in standard errors for an order",
    read: decimalTo(100),
  }),
  "scored-min": option({
    takes: "N",
    fallback: String(DEFAULT_FORECASTER.scoredMin),
    wanted: `a whole number, 1 to ${SKILL_WINDOW}`,
    meaning: "Least scores before a model is shown, or brings an order",
    read: wholeNumber(1, SKILL_WINDOW),
  }),
  format: option<"table" | "json">({
    takes: "F",
    fallback: "table",
    wanted: "table or json",
    meaning: "What is written to standard output",
    read: (text) => text === "table" || text === "json" ? text : null,
  }),
  json: outFile("Writes everything as JSON"),
  html: outFile("Writes a report with plots, one file to send to somebody"),
  out: outFile("Writes every forecast with its score, a line of JSON each"),
  help: helpOption,
};

const USAGE = `Tells what forecasts and signals would have been worth.

deno task backtest --symbol S --from TIME --to TIME [OPTIONS]
deno task backtest --file candles.csv.gz [--symbol S] [OPTIONS]

Walks over one-minute candles as if they came live: at each minute it sees what
was known by then, fits, forecasts by every model, shows the one with the best
record so far, and decides on a signal by the rule of the running program. Each
forecast is scored beside "no change", each signal after its cost. The first
candles, as many as --window, only train: those before --from if there are any.

Candles come from the warehouse of a running program, in the version known at
each minute (API_TOKEN is sent if it is set), or from a file in ascending order.

${describeOptions(OPTIONS)}
`;

type Values = OptionValues<typeof OPTIONS>;

/** The task, on a file or on a running program. */
export async function backtest(
  args: readonly string[],
  apiToken: string | undefined,
  context: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 0) throw new OptionsError(`Cannot use ${rest.join(" ")}`);
  const { from, to } = values;
  if (from !== undefined && to !== undefined && to <= from) {
    throw new OptionsError("Cannot use --to as it must be after --from");
  }
  const source = await openSource(values, apiToken, context);
  const settings = settingsOf(values, source);
  // What cannot be written is known before the work is done.
  for (const path of [values.json, values.html]) {
    if (path !== undefined) await Deno.writeTextFile(path, "");
  }
  const { result, sha256 } = await run(source, settings, values, context);
  if (result.minutes === 0) {
    throw new Error(
      `Cannot backtest ${source.name} as it must have more than ` +
        `${settings.window} candles of one minute, one after the other, got ` +
        `${result.candles}`,
    );
  }
  const done: BacktestRun = { source, settings, engine: values.engine, sha256 };
  const view = backtestView(done, result);
  if (values.json !== undefined) {
    await Deno.writeTextFile(values.json, `${JSON.stringify(view)}\n`);
  }
  if (values.html !== undefined) {
    await Deno.writeTextFile(values.html, await backtestReport(view));
  }
  return values.format === "json"
    ? { report: view, ok: true }
    : backtestTable(view);
}

async function openSource(
  values: Values,
  token: string | undefined,
  context: TaskContext,
): Promise<BacktestSource> {
  const { file, symbol, from, to, url } = values;
  if (file !== undefined) {
    return await openFileSource({ ...values, path: file }, context);
  }
  if (symbol === undefined || from === undefined || to === undefined) {
    throw new OptionsError(
      "Cannot backtest without --file, or --symbol, --from and --to",
    );
  }
  const api = new ProgramApi({ url, token, signal: context.signal });
  return await openWarehouseSource(api, { symbol, from, to, name: url.origin });
}

function settingsOf(
  values: Values,
  { instrument, calendar, from }: BacktestSource,
): BacktestSettings {
  return {
    instrument: {
      ...instrument,
      tickSize: values.tick ?? instrument.tickSize,
      costBps: values["cost-bps"] ?? instrument.costBps,
    },
    calendar,
    from,
    window: values.window,
    refitEvery: values["refit-every"],
    candidates: values.models,
    rule: {
      ...DEFAULT_FORECASTER,
      horizons: 1,
      ratioMin: values["ratio-min"],
      scoredMin: values["scored-min"],
    },
    skillWindow: SKILL_WINDOW,
    newestMicros: DEFAULT_FORECASTER.newestMs * MICROS_PER_MS,
  };
}

async function run(
  source: BacktestSource,
  settings: BacktestSettings,
  { engine, out: outPath }: Pick<Values, "engine" | "out">,
  { signal }: TaskContext,
): Promise<{ readonly result: BacktestResult; readonly sha256: string }> {
  const pool = new FitPool({ clock: systemClock, engine });
  using out = outPath === undefined ? null : await ForecastFile.open(outPath);
  const progress = new Progress();
  try {
    const hash = new CandleHash();
    let minutes = 0;
    const walk = new Backtest(
      settings,
      (job) => pool.fit(job, 0),
      (one) => {
        minutes += Number(one.forecast.champion);
        out?.add(one);
      },
    );
    const span = source.to - source.from;
    for await (const known of source.candles(settings.window)) {
      if (signal.aborted) break;
      hash.add(known);
      await walk.add(known);
      await out?.flush(WRITE_AT);
      const share = (known.first.t - source.from) / span;
      progress.at(
        Math.min(1, Math.max(0, share)),
        `${minutes} minutes forecast`,
      );
    }
    if (signal.aborted) throw new Error("Stopped; there is no result");
    await out?.flush(1);
    return { result: walk.result(), sha256: hash.hex };
  } finally {
    progress.done();
    pool.close();
  }
}

/** Forecasts as lines of JSON, written as they come. */
class ForecastFile implements Disposable {
  #text = "";

  private constructor(private readonly file: Deno.FsFile) {}

  static async open(path: string): Promise<ForecastFile> {
    return new ForecastFile(
      await Deno.open(path, { write: true, create: true, truncate: true }),
    );
  }

  add({ forecast, score }: BacktestForecast): void {
    const { symbol, interval, t, horizon, model, champion } = forecast;
    const scored = { symbol, interval, t, horizon, model, ...score };
    const view = forecastView(forecast, { ...scored, scoredAt: t });
    this.#text += `${JSON.stringify({ ...view, shown: champion })}\n`;
  }

  /** Writes what waits, once it is as long. */
  async flush(length: number): Promise<void> {
    if (this.#text.length < length) return;
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = "";
    for (let at = 0; at < bytes.length;) {
      at += await this.file.write(bytes.subarray(at));
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

function readModels(text: string): readonly Candidate[] | null {
  const names = text.trim().split(/\s+/);
  const known = CANDIDATES.map(({ model }) => model);
  if (names.some((name) => !known.includes(name))) return null;
  return CANDIDATES.filter((candidate) =>
    candidate === BASELINE || names.includes(candidate.model)
  );
}

function outFile(meaning: string) {
  return optional<string>({
    takes: "FILE",
    wanted: "the path of a file",
    meaning,
    read: (text) => text === "" ? null : text,
  });
}

/** Reads a plain decimal, 0 to `max`. */
function decimalTo(max: number) {
  return (text: string): number | null => {
    if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) return null;
    const n = Number(text);
    return n <= max ? n : null;
  };
}

if (import.meta.main) {
  await runTask((args, context) =>
    backtest(args, Deno.env.get("API_TOKEN"), context)
  );
}
