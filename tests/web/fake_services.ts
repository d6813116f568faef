import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import { Catalog } from "../../pipeline/catalog.ts";
import type { StoredCandle } from "../../pipeline/domain/candle.ts";
import type { Forecast } from "../../pipeline/domain/forecast.ts";
import type { Instrument } from "../../pipeline/domain/instrument.ts";
import type { Chance, ModelSums } from "../../pipeline/domain/score_sums.ts";
import type { Signal, SignalOutcome } from "../../pipeline/domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  fromMillis,
  MICROS_PER_MINUTE,
  toMillis,
} from "../../pipeline/domain/time.ts";
import { InProcessBus } from "../../pipeline/live/live_bus.ts";
import type {
  ForecastQuery,
  ScoredForecast,
} from "../../pipeline/forecast_ports.ts";
import type {
  Audit,
  CandleQuery,
  CandleRevision,
  Clock,
  FeedActivity,
  InstrumentBooks,
} from "../../pipeline/ports.ts";
import type { HealthReport, Services } from "../../web/services.ts";
import type { SystemView } from "../../components/system_view.ts";
import { fakeSystem } from "./fake_system.ts";

/** Where the fake clock stands: 2025-11-25 04:00:20 UTC. */
export const NOW = fromMillis(1_764_043_220_000);
/** The minute that is forming then. */
export const MINUTE = epochMicros(
  Math.floor(NOW / MICROS_PER_MINUTE) * MICROS_PER_MINUTE,
);

/** The open time of the minute `n` before the forming one. */
export const minutesAgo = (n: number): EpochMicros =>
  epochMicros(MINUTE - n * MICROS_PER_MINUTE);

export function instrument(symbol: string, id = 1): Instrument {
  return {
    id,
    symbol,
    name: `${symbol} name`,
    exchange: "TEST",
    type: "index",
    currency: "INR",
    priceScale: 2,
    sizeScale: 0,
    tickSize: "0.05",
    lotSize: 1,
    calendar: "24x7",
    costBps: 2,
    auto: false,
    note: null,
    validFrom: null,
    validTo: null,
  };
}

export function candle(
  symbol: string,
  t: EpochMicros,
  changes: Partial<StoredCandle> = {},
): StoredCandle {
  return {
    symbol,
    interval: "1m",
    t,
    end: epochMicros(t + MICROS_PER_MINUTE),
    open: "100.00",
    high: "101.00",
    low: "99.50",
    close: "100.50",
    volume: "12",
    vw: "100.2500",
    n: 7,
    closed: true,
    closedBy: "watermark",
    rev: 0,
    complete: true,
    coverageMs: 60_000,
    origin: "ticks",
    lastTs: t,
    ...changes,
  };
}

export function forecast(
  symbol: string,
  t: EpochMicros,
  changes: Partial<Forecast> = {},
): Forecast {
  return {
    symbol,
    interval: "1m",
    t,
    horizon: 1,
    model: "arima(1,1,1)",
    order: [1, 1, 1],
    champion: true,
    madeAt: epochMicros(t + 300_000),
    trainedThrough: t,
    position: "1-0",
    rev: 0,
    last: 100.5,
    open: 100.5,
    high: 101,
    low: 100,
    close: 100.6,
    se: 0.0005,
    lo50: 100.4,
    hi50: 100.8,
    lo80: 100.2,
    hi80: 101,
    lo95: 100,
    hi95: 101.2,
    ...changes,
  };
}

export function signal(
  symbol: string,
  t: EpochMicros,
  action: Signal["action"],
): Signal {
  return {
    symbol,
    t,
    version: 1,
    madeAt: t,
    model: "arima(1,1,1)",
    action,
    lean: action === "SELL" ? "down" : "up",
    reason: "Expected 1.0 bps does not exceed the cost of 2.0 bps",
    confidence: 0.6,
    price: 100.5,
    expectedBps: 1,
    costBps: 2,
  };
}

export function activity(symbol: string): FeedActivity {
  return {
    key: { feed: "sim", epoch: 1 },
    symbol,
    maxEvent: epochMicros(NOW - 400_000),
    lastReceived: epochMicros(NOW - 300_000),
    replay: false,
    ended: false,
    delivery: "acked",
    connected: true,
  };
}

export interface FakeData {
  instruments: Instrument[];
  candles: StoredCandle[];
  revisions: CandleRevision[];
  forecasts: ScoredForecast[];
  signals: Signal[];
  outcomes: SignalOutcome[];
  activity: FeedActivity[];
  gaps: { from: EpochMicros; to: EpochMicros; kind: "missing" | "outage" }[];
  health: HealthReport;
  system: SystemView;
  audit: Audit;
  books: InstrumentBooks;
  chances: Chance[];
  clock: Clock;
}

/** A record without skill: errors 1.2 % larger than those of "no change". */
export const MODEL_SUMS: ModelSums = {
  model: "arima(1,1,1)",
  sums: {
    n: 240,
    from: minutesAgo(241),
    through: minutesAgo(1),
    absError: 242.88,
    absErrorNaive: 240,
    squares: 420,
    squaresNaive: 410,
    products: 405,
    inside50: 118,
    inside80: 194,
    inside95: 229,
    spreads: 240,
    winkler95: 1_200,
    crps: 170,
    chances: 236,
    brier: 59,
    moved: 236,
    directions: 236,
    hits: 118,
    stated: 12,
  },
  scale: 0.9,
};

const AUDIT: Audit = {
  ticks_unaccounted: 0,
  balanced: true,
  partitions: [{
    p: 0,
    position: "9-0",
    applied: 1_234,
    in_candles: 1_234,
    rejected: 2,
    in_quarantine: 2,
  }],
  feeds: [],
};

/** Two instruments, ten minutes of each, the last one forming. */
export function fakeData(): FakeData {
  const symbols = ["NIFTY50", "EUR/USD"];
  return {
    instruments: symbols.map((symbol, i) => instrument(symbol, i + 1)),
    candles: symbols.flatMap((symbol) =>
      Array.from({ length: 10 }, (_, i) =>
        candle(
          symbol,
          minutesAgo(9 - i),
          i === 9 ? { closed: false, closedBy: null, complete: false } : {},
        ))
    ),
    revisions: [],
    forecasts: symbols.flatMap((symbol) => [
      {
        forecast: forecast(symbol, minutesAgo(1)),
        score: {
          symbol,
          interval: "1m" as const,
          t: minutesAgo(1),
          horizon: 1,
          model: "arima(1,1,1)",
          scoredAt: MINUTE,
          actual: 100.5,
          absError: 0.1,
          absErrorNaive: 0.05,
          inside50: true,
          inside80: true,
          inside95: true,
          directionHit: null,
          winkler95: 1.2,
          crps: 0.05,
          upProbability: 0.6,
          brier: null,
        },
      },
      { forecast: forecast(symbol, MINUTE), score: null },
    ]),
    signals: symbols.map((symbol) => signal(symbol, MINUTE, "HOLD")),
    outcomes: [],
    activity: symbols.map(activity),
    gaps: [],
    health: {
      ready: true,
      reasons: [],
      warnings: [],
      details: { buffer: "ok" },
    },
    system: fakeSystem(toMillis(NOW)),
    audit: AUDIT,
    books: {
      rejected: { out_of_band: { lines: 3, readmitted: 1 } },
      feeds: [{
        key: { feed: "sim", epoch: 1 },
        delivery: "acked",
        connected: true,
        received: 100,
        accepted: 90,
        duplicates: 7,
        rejected: 3,
      }],
      clockSkew: { samples: 7, p50Ms: 210.5, p99Ms: 1_250 },
    },
    chances: Array.from({ length: 60 }, (_, i) => ({
      up: 0.4 + i / 300,
      came: i % 3 > 0,
    })),
    clock: {
      now: () => NOW,
      steadyMs: () => 0,
      sleep: () => new Promise(() => {}),
    },
  };
}

export interface FakeServices extends Services {
  readonly data: FakeData;
}

/** Services over plain arrays, which a test may change at any time. */
export async function fakeServices(
  changes: Partial<Services> = {},
  data: FakeData = fakeData(),
): Promise<FakeServices> {
  const catalog = new Catalog(
    {
      changes: () =>
        Promise.resolve({ instruments: data.instruments, seen: "" }),
      upsert: () => Promise.reject(new Error("not in this test")),
      widen: () => Promise.reject(new Error("not in this test")),
    },
    new Map([["24x7", alwaysOpen()]]),
    { autoRegister: false },
  );
  await catalog.refresh();
  const within = <T extends { t: number }>(
    rows: readonly T[],
    { from, to, limit }: { from?: number; to?: number; limit: number },
  ): T[] => {
    const wanted = rows.filter(({ t }) =>
      t >= (from ?? -Infinity) && t < (to ?? Infinity)
    ).sort((a, b) => a.t - b.t);
    return from === undefined ? wanted.slice(-limit) : wanted.slice(0, limit);
  };
  const forecasts = (query: ForecastQuery) =>
    within(
      data.forecasts.filter(({ forecast }) =>
        forecast.symbol === query.symbol &&
        (query.horizon ?? forecast.horizon) === forecast.horizon &&
        (query.model ?? forecast.model) === forecast.model
      ).map((scored) => ({ t: scored.forecast.t, scored })),
      query,
    ).map(({ scored }) => scored);
  return {
    data,
    catalog,
    clock: data.clock,
    candles: {
      candles: (query: CandleQuery) =>
        Promise.resolve(within(
          data.candles.filter(({ symbol, interval, closed }) =>
            symbol === query.symbol && interval === query.interval &&
            (query.asof === undefined || closed)
          ),
          query,
        )),
      revisions: ({ symbol, interval, from, to, after, limit }) =>
        Promise.resolve(
          data.revisions.filter(({ candle }) =>
            candle.symbol === symbol && candle.interval === interval &&
            candle.t >= (from ?? -Infinity) && candle.t < (to ?? Infinity) &&
            (after === undefined || candle.t > after.t ||
              (candle.t === after.t && candle.rev > after.rev))
          ).slice(0, limit),
        ),
      bases: (symbol, from, to) =>
        Promise.resolve(
          data.candles.filter((one) =>
            one.symbol === symbol && one.interval === "1m" && one.t >= from &&
            one.t < to
          ),
        ),
      latest: (symbols, interval, limit) =>
        Promise.resolve(
          new Map(symbols.map((symbol) => [
            symbol,
            within(
              data.candles.filter((one) =>
                one.symbol === symbol && one.interval === interval
              ),
              { limit },
            ),
          ])),
        ),
      closes: (symbols, limit) =>
        Promise.resolve(
          new Map(symbols.map((symbol) => [
            symbol,
            within(
              data.candles.filter((one) =>
                one.symbol === symbol && one.interval === "1m"
              ),
              { limit },
            ).map(({ close }) => Number(close)),
          ])),
        ),
      importCandles: () => Promise.reject(new Error("not in this test")),
      gaps: (_symbol, from, to) =>
        Promise.resolve(
          data.gaps.filter((gap) => gap.from < to && gap.to > from),
        ),
      feedGaps: (_symbol, { limit }) =>
        Promise.resolve(
          data.gaps.slice(0, limit).map((gap, i) => ({
            ...gap,
            key: { feed: "sim", epoch: 1 },
            to: i === 0 ? gap.to : null,
            seq: gap.kind === "missing" ? { from: 5, to: 7 } : null,
          })),
        ),
    },
    forecasts: {
      forecasts: (query) => Promise.resolve(forecasts(query)),
      newest: (symbols, { horizon, ...count }) =>
        Promise.resolve(
          new Map(symbols.map((symbol) => [symbol, {
            forecasts: forecasts({ symbol, horizon, limit: count.forecasts }),
            signals: within(
              data.signals.filter((one) => one.symbol === symbol),
              { limit: count.signals },
            ),
          }])),
        ),
      newestOfModels: (symbols) =>
        Promise.resolve(
          new Map(symbols.map((symbol) => [
            symbol,
            forecasts({ symbol, horizon: 1, limit: 1 })
              .map(({ forecast }) => forecast),
          ])),
        ),
    },
    scores: {
      scoreSums: (symbols) =>
        Promise.resolve(
          new Map(symbols.map((symbol) => [symbol, [MODEL_SUMS]])),
        ),
      chances: ({ limit }) => Promise.resolve(data.chances.slice(-limit)),
    },
    signals: {
      signals: (query) =>
        Promise.resolve(
          within(
            data.signals.filter((one) =>
              one.symbol === (query.symbol ?? one.symbol) &&
              one.action === (query.action ?? one.action)
            ),
            query,
          ).map((signal) => ({
            signal,
            superseded: false,
            outcomes: data.outcomes.filter(({ symbol, t }) =>
              symbol === signal.symbol && t === signal.t
            ),
          })),
        ),
    },
    audit: {
      audit: () => Promise.resolve(data.audit),
      booksOf: () => Promise.resolve(data.books),
      ping: () => Promise.resolve(),
    },
    activity: { activity: () => Promise.resolve(data.activity) },
    bus: new InProcessBus({ clock: data.clock, bootId: "test" }),
    health: () => Promise.resolve(data.health),
    system: () => Promise.resolve(data.system),
    info: {
      simulated: true,
      seed: 1,
      buffer: "SQLite log in ./data",
      warehouse: "PGlite in ./data",
      feeds: ["listen://127.0.0.1:9101"],
    },
    apiToken: null,
    shutdown: new AbortController().signal,
    ...changes,
  };
}
