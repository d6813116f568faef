/**
 * ARIMA: fits and one-step forecasts by the native engine and by npm `arima`
 * (which the project names), in turn within one run, on the same minutes; then what only the native one does. Medians of some rounds, and ratios, which
 * a busy machine spares. Where python3 has statsmodels or R is installed, they
 * fit the same series.
 *
 * `deno run --allow-read --allow-env --allow-run bench/arima_bench.ts`
 */
import { fnv1a } from "../pipeline/domain/hash.ts";
import { fitArima } from "../pipeline/forecast/arima/fit_arima.ts";
import { selectOrder } from "../pipeline/forecast/arima/select_order.ts";
import { updateArima } from "../pipeline/forecast/arima/update_arima.ts";
import { CANDIDATES } from "../pipeline/forecast/candidates.ts";
import { fitInstrument } from "../pipeline/forecast/fit_instrument.ts";
import {
  arimaSpec,
  type ForecastEngine,
  type Order,
} from "../pipeline/forecast/forecast_engine.ts";
import { NATIVE_ENGINE } from "../pipeline/forecast/native_engine.ts";
import { loadNpmArima, type NpmArima } from "../pipeline/forecast/npm_arima.ts";
import {
  advanceTrack,
  forecastCandles,
} from "../pipeline/forecast/ohlc_model.ts";
import { makeCandles } from "../pipeline/forecast/testing/make_candles.ts";
import { trainingSeries } from "../pipeline/forecast/training_series.ts";

const ROUNDS = 9;
const SERIES = 40;
/** Rounds before those that count, as the code is compiled while it runs. */
const WARM = 30;
const UPDATES = 200_000;

/** What the forecaster fits: log closes of made-up minutes on a price grid. */
function closes(n: number): readonly Float64Array[] {
  return Array.from(
    { length: SERIES },
    (_, seed) =>
      trainingSeries(makeCandles({ n, start: 0, seed: seed + 1, sd: 3e-4 }))
        .level,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Milliseconds that a run takes, per `count`. */
function time(count: number, run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / count;
}

function row(name: string, ms: readonly number[], note = ""): void {
  const middle = median(ms);
  const spread = `${Math.min(...ms).toPrecision(3)}–${
    Math.max(...ms).toPrecision(3)
  }`;
  const perMinute = Math.round(60_000 / middle).toLocaleString("en");
  console.log(
    `${name.padEnd(34)} ${middle.toPrecision(3).padStart(9)} ms ` +
      `(${spread})  ${perMinute.padStart(12)} a minute  ${note}`,
  );
}

/** A fit and a one-step forecast, as a bare call of the package would be. */
function bareNpm(library: NpmArima, series: Float64Array, order: Order) {
  const [p, d, q] = order;
  const model = library.create({ p, d, q, method: 0 });
  try {
    model.train([...series]);
    return model.predict(1)[0][0];
  } finally {
    model.destroy();
  }
}

function one(engine: ForecastEngine, series: Float64Array, order: Order) {
  const fit = engine.fit(series, { order, mean: false });
  return fit.kind === "fitted"
    ? engine.forecast(fit.model, 1).mean[0]
    : fit.reason;
}

const date = new Date().toISOString().slice(0, 10);
console.log(
  `${date}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}; ` +
    `medians (spread) of ${ROUNDS} rounds`,
);

const npm = loadNpmArima();
const CASES = [[240, [1, 1, 1]], [240, [2, 1, 2]], [500, [1, 1, 1]]] as const;
const results: unknown[] = [];
for (const [n, order] of CASES) {
  const series = closes(n);
  results.push(series.map((y) => one(NATIVE_ENGINE, y, order)));
  for (let round = 0; round < WARM; round++) {
    for (const y of series) one(NATIVE_ENGINE, y, order);
  }
  const native: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    native.push(time(SERIES, () => {
      for (const y of series) one(NATIVE_ENGINE, y, order);
    }));
    const few = series.slice(0, 10);
    theirs.push(time(few.length, () => {
      for (const y of few) bareNpm(npm, y, order);
    }));
  }
  const ratios = theirs.map((ms, i) => ms / native[i]);
  const name = `n = ${n} (${order})`;
  row(
    `${name}, native`,
    native,
    `${median(ratios).toFixed(1)} times npm arima`,
  );
  row(`${name}, npm arima`, theirs);
}

const series = closes(240);
row(
  "n = 240 auto, native",
  Array.from({ length: ROUNDS }, () =>
    time(SERIES, () => {
      for (const y of series) selectOrder(y, { standardErrors: false });
    })),
);
row(
  "n = 240 (2,1,2) with errors, native",
  Array.from({ length: ROUNDS }, () =>
    time(SERIES, () => {
      const spec = arimaSpec({ order: [2, 1, 2], mean: false });
      for (const y of series) fitArima(y, spec);
    })),
);

const fit = fitArima(series[0], arimaSpec({ order: [2, 1, 2], mean: false }));
if (fit.kind === "fitted") {
  let { model } = fit;
  row(
    "update (2,1,2)",
    Array.from({ length: ROUNDS }, () =>
      time(UPDATES, () => {
        for (let i = 0; i < UPDATES; i++) {
          model = updateArima(model, 100 + i % 7);
        }
      })),
  );
  results.push(model.state);
}

const markets = Array.from(
  { length: SERIES },
  (_, seed) => makeCandles({ n: 380, start: 0, seed, base: 1_000 }),
);
const job = (i: number) => ({
  symbol: "A",
  grid: { tick: 0.01, scale: 2 },
  candles: markets[i],
  window: 240,
  candidates: CANDIDATES,
  walkForward: null,
});
row(
  "refit an instrument, all models",
  Array.from({ length: ROUNDS }, () =>
    time(SERIES, () => {
      for (let i = 0; i < SERIES; i++) fitInstrument(NATIVE_ENGINE, job(i));
    })),
);
const { track } = fitInstrument(NATIVE_ENGINE, job(0));
if (track !== null) {
  const candle = markets[0][379];
  row(
    "move an instrument by one candle",
    Array.from({ length: ROUNDS }, () =>
      time(10_000, () => {
        for (let i = 0; i < 10_000; i++) advanceTrack(track, candle);
      })),
  );
  row(
    "forecast 5 candles, all models",
    Array.from({ length: ROUNDS }, () =>
      time(10_000, () => {
        for (let i = 0; i < 10_000; i++) {
          const close = track.closes[i % track.closes.length];
          forecastCandles(track, close, 5, job(0).grid);
        }
      })),
  );
}

const PYTHON = `
import json, sys, time, warnings
warnings.filterwarnings("ignore")
from statsmodels.tsa.arima.model import ARIMA
for case in json.load(sys.stdin):
    times = []
    for y in case["series"]:
        start = time.perf_counter()
        ARIMA(y, order=case["order"]).fit().forecast(1)
        times.append(1e3 * (time.perf_counter() - start))
    print(json.dumps(times))
`;
const R = `
for (line in readLines(file("stdin"))) {
  parts <- strsplit(line, ";")[[1]]
  order <- as.numeric(strsplit(parts[1], ",")[[1]])
  times <- sapply(parts[-1], function(text) {
    y <- as.numeric(strsplit(text, ",")[[1]])
    start <- proc.time()[[3]]
    for (i in 1:5) try(predict(arima(y, order), 1), silent = TRUE)
    1e3 * (proc.time()[[3]] - start) / 5
  })
  cat("[", paste(times, collapse = ","), "]\\n", sep = "")
}
`;

/** Times by another program, the first that is installed. */
async function others(
  name: string,
  commands: readonly string[],
  args: readonly string[],
  input: string,
): Promise<void> {
  for (const command of commands) {
    const lines = await outputOf(command, args, input);
    if (lines === null) continue;
    lines.forEach((line, i) => {
      const [n, order] = CASES[i];
      row(`n = ${n} (${order}), ${name}`, JSON.parse(line));
    });
    return;
  }
  console.log(`${name} is not installed here`);
}

async function outputOf(
  command: string,
  args: readonly string[],
  input: string,
): Promise<readonly string[] | null> {
  try {
    const child = new Deno.Command(command, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    // A program that ends at once, as a module is missing, reads nothing.
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
    const { success, stdout } = await child.output();
    return success ? new TextDecoder().decode(stdout).trim().split("\n") : null;
  } catch {
    return null;
  }
}

const few = CASES.map(([n, order]) => ({
  order,
  series: closes(n).slice(0, 5).map((y) => [...y]),
}));
await others(
  "statsmodels",
  ["python3", "/usr/bin/python3"],
  ["-c", PYTHON],
  JSON.stringify(few),
);
await others(
  "R",
  ["Rscript"],
  ["-e", R],
  few.map(({ order, series }) =>
    [order.join(), ...series.map((y) => y.join())].join(";")
  ).join("\n") + "\n",
);

console.log(`hash of the forecasts ${fnv1a(JSON.stringify(results))}`);
