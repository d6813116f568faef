import { assert } from "../../domain/assert.ts";
import type { StoredCandle } from "../../domain/candle.ts";
import type { Forecast, ForecastScore, Skill } from "../../domain/forecast.ts";
import type { Signal } from "../../domain/signal.ts";
import { epochMicros, MICROS_PER_SECOND } from "../../domain/time.ts";
import type {
  CandleStore,
  ForecastQuery,
  ForecastStore,
  NewestForecasts,
  NewestQuery,
  ScoredForecast,
} from "../../ports.ts";
import { summarizeSkill } from "../scoring.ts";

/** Candles of a few symbols, for tests; a candle put again replaces. */
export class MemoryCandles implements Pick<CandleStore, "latest"> {
  readonly #rows = new Map<string, Map<number, StoredCandle>>();

  put(candle: StoredCandle): void {
    const rows = this.#rows.get(candle.symbol) ?? new Map();
    rows.set(candle.t, candle);
    this.#rows.set(candle.symbol, rows);
  }

  of(symbol: string): readonly StoredCandle[] {
    return [...this.#rows.get(symbol)?.values() ?? []]
      .sort((a, b) => a.t - b.t);
  }

  latest(
    symbols: readonly string[],
    _interval: string,
    limit: number,
  ): Promise<ReadonlyMap<string, readonly StoredCandle[]>> {
    return Promise.resolve(
      new Map(symbols.map((symbol) => [symbol, this.of(symbol).slice(-limit)])),
    );
  }
}

/** The warehouse's forecasts, for tests. */
export class MemoryForecasts implements ForecastStore {
  readonly rows = new Map<string, Forecast>();
  readonly scores = new Map<string, ForecastScore>();
  readonly kept: Signal[] = [];
  /** Rejects the next saves, as a store that is down. */
  failures = 0;

  constructor(private readonly candles: MemoryCandles) {}

  saveForecasts(
    forecasts: readonly Forecast[],
    _withinMs?: number,
  ): Promise<void> {
    if (this.failures > 0) {
      this.failures--;
      return Promise.reject(new Error("connection refused"));
    }
    for (const forecast of forecasts) {
      assert(
        forecast.madeAt <= forecast.t + MICROS_PER_SECOND,
        "a forecast is made within a second of its minute's begin",
      );
      const key = keyOf(forecast);
      if (!this.rows.has(key)) this.rows.set(key, forecast);
    }
    return Promise.resolve();
  }

  forecasts(query: ForecastQuery): Promise<readonly ScoredForecast[]> {
    return Promise.resolve(
      [...this.rows.values()]
        .filter((row) =>
          row.symbol === query.symbol &&
          (query.model === undefined ? row.champion : row.model === query.model)
        )
        .map((forecast) => ({
          forecast,
          score: this.scores.get(keyOf(forecast)) ?? null,
        })),
    );
  }

  async newest(
    symbols: readonly string[],
    query: NewestQuery,
  ): Promise<ReadonlyMap<string, NewestForecasts>> {
    const newest = new Map<string, NewestForecasts>();
    for (const symbol of symbols) {
      const all = await this.forecasts({ symbol, limit: Infinity });
      const signals = this.kept.filter((one) => one.symbol === symbol);
      newest.set(symbol, {
        forecasts: all.filter(({ forecast: { horizon } }) =>
          horizon === (query.horizon ?? horizon)
        ).slice(-query.forecasts),
        signals: signals.slice(-query.signals),
      });
    }
    return newest;
  }

  unscored(limit: number) {
    const found: { forecast: Forecast; candle: StoredCandle }[] = [];
    for (const [key, forecast] of this.rows) {
      if (this.scores.has(key)) continue;
      const candle = this.candles.of(forecast.symbol)
        .find((one) => one.t === forecast.t && one.closed);
      if (candle) found.push({ forecast, candle });
    }
    return Promise.resolve(found.slice(0, limit));
  }

  saveScores(scores: readonly ForecastScore[]): Promise<void> {
    for (const score of scores) this.scores.set(keyOf(score), score);
    return Promise.resolve();
  }

  skill(symbol: string, window: number): Promise<readonly Skill[]> {
    const models = new Set([...this.rows.values()].map(({ model }) => model));
    return Promise.resolve(
      [...models].map((model) =>
        summarizeSkill(
          { symbol, model, source: "live" },
          [...this.scores.values()]
            .filter((score) =>
              score.symbol === symbol && score.model === model &&
              score.horizon === 1
            )
            .slice(-window),
        )
      ),
    );
  }

  saveSignals(signals: readonly Signal[]): Promise<void> {
    this.kept.push(...signals);
    return Promise.resolve();
  }

  signals(): Promise<readonly Signal[]> {
    return Promise.resolve(this.kept);
  }
}

function keyOf(
  row: Pick<Forecast, "symbol" | "t" | "horizon" | "model">,
): string {
  return [row.symbol, epochMicros(row.t), row.horizon, row.model].join(" ");
}
