import { assert } from "../../domain/assert.ts";
import type { StoredCandle } from "../../domain/candle.ts";
import type { Forecast, ForecastScore } from "../../domain/forecast.ts";
import type { Chance, ModelSums } from "../../domain/score_sums.ts";
import {
  OUTCOME_MINUTES,
  type Signal,
  type SignalOutcome,
} from "../../domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
} from "../../domain/time.ts";
import type {
  ClaimOf,
  ForecastQuery,
  ForecastStore,
  NewestForecasts,
  NewestQuery,
  ScoredForecast,
  ScoreStore,
  SettledSignal,
  SignalStore,
  UnsettledSignal,
} from "../../forecast_ports.ts";
import type { CandleStore } from "../../ports.ts";
import { addScore, NO_SCORES } from "../scores/add_score.ts";
import { naiveScale, SCALE_CANDLES } from "../scores/naive_scale.ts";
import { candleFloats } from "../training_series.ts";

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

/** The warehouse's forecasts, their scores and its signals, for tests. */
export class MemoryForecasts implements ForecastStore, ScoreStore, SignalStore {
  readonly rows = new Map<string, Forecast>();
  readonly scores = new Map<string, ForecastScore>();
  readonly kept: Signal[] = [];
  readonly outcomes = new Map<string, SignalOutcome>();
  readonly #putOff = new Map<string, EpochMicros>();
  /** Of the newest claim of each shard. */
  readonly epochs = new Map<number, number>();
  /** Rejects the next saves, as a store that is down. */
  failures = 0;

  constructor(private readonly candles: MemoryCandles) {}

  saveForecasts(
    forecasts: readonly Forecast[],
    _withinMs?: number,
    claimOf?: ClaimOf,
  ): Promise<ReadonlySet<string>> {
    if (this.failures > 0) {
      this.failures--;
      return Promise.reject(new Error("connection refused"));
    }
    const others = new Set<string>();
    for (const { symbol, t, horizon, champion, madeAt } of forecasts) {
      if (claimOf === undefined) break;
      const { shard, epoch } = claimOf(symbol);
      const isThere = champion &&
        [...this.rows.values()].some((row) =>
          row.symbol === symbol && row.t === t && row.horizon === horizon &&
          row.champion && row.madeAt !== madeAt
        );
      if (isThere || this.epochs.get(shard) !== epoch) others.add(symbol);
    }
    for (const forecast of forecasts) {
      if (others.has(forecast.symbol)) continue;
      assert(
        forecast.madeAt <= forecast.t + MICROS_PER_SECOND,
        "a forecast is made within a second of its minute's begin",
      );
      const key = keyOf(forecast);
      if (!this.rows.has(key)) this.rows.set(key, forecast);
    }
    return Promise.resolve(others);
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

  unscored(limit: number, symbols?: readonly string[]) {
    const found: { forecast: Forecast; candle: StoredCandle }[] = [];
    for (const [key, forecast] of this.rows) {
      if (this.scores.has(key)) continue;
      if (symbols?.includes(forecast.symbol) === false) continue;
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

  scoreSums(
    symbols: readonly string[],
    window: number,
  ): Promise<ReadonlyMap<string, readonly ModelSums[]>> {
    return Promise.resolve(
      new Map(symbols.map((symbol) => [symbol, this.#sums(symbol, window)])),
    );
  }

  #sums(symbol: string, window: number): readonly ModelSums[] {
    const byModel = Map.groupBy(
      [...this.scores.values()].filter((score) =>
        score.symbol === symbol && score.horizon === 1
      ).sort((a, b) => a.t - b.t),
      ({ model }) => model,
    );
    const sums = [...byModel].map(([model, scores]) => ({
      model,
      sums: scores.slice(-window).reduce(addScore, NO_SCORES),
    }));
    const first = Math.min(...sums.map(({ sums }) => sums.from ?? Infinity));
    const before = this.candles.of(symbol).filter(({ t, closed }) =>
      closed && t < first
    ).slice(-SCALE_CANDLES);
    const scale = naiveScale(before.map(candleFloats));
    return sums.map((one) => ({ ...one, scale }));
  }

  chances({ symbol, model, limit }: {
    readonly symbol: string;
    readonly model: string;
    readonly limit: number;
  }): Promise<readonly Chance[]> {
    const scored = [...this.scores].flatMap(([key, score]) => {
      const forecast = this.rows.get(key);
      return score.symbol === symbol && score.model === model &&
          score.horizon === 1 && score.brier !== null &&
          score.upProbability !== null && forecast !== undefined
        ? [{ score, last: forecast.last }]
        : [];
    }).sort((a, b) => a.score.t - b.score.t).slice(-limit);
    return Promise.resolve(scored.map(({ score, last }) => ({
      up: score.upProbability!,
      came: score.actual > last,
    })));
  }

  newestOfModels(
    symbols: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Forecast[]>> {
    return Promise.resolve(
      new Map(symbols.map((symbol) => {
        const rows = [...this.rows.values()].filter((row) =>
          row.symbol === symbol && row.horizon === 1
        );
        const newest = Math.max(...rows.map(({ t }) => t));
        return [symbol, rows.filter(({ t }) => t === newest)];
      })),
    );
  }

  saveSignals(signals: readonly Signal[], claimOf?: ClaimOf): Promise<void> {
    this.kept.push(...signals.filter(({ symbol }) => {
      const claim = claimOf?.(symbol);
      return claim === undefined ||
        this.epochs.get(claim.shard) === claim.epoch;
    }));
    return Promise.resolve();
  }

  signals(): Promise<readonly SettledSignal[]> {
    return Promise.resolve(this.kept.map((signal) => ({
      signal,
      superseded: false,
      outcomes: OUTCOME_MINUTES.flatMap((minutes) =>
        this.outcomes.get(outcomeKey(signal, minutes)) ?? []
      ),
    })));
  }

  unsettled(
    now: EpochMicros,
    limit: number,
    symbols?: readonly string[],
  ): Promise<readonly UnsettledSignal[]> {
    const due = this.kept.filter(({ symbol }) =>
      symbols?.includes(symbol) ?? true
    ).flatMap((signal) =>
      OUTCOME_MINUTES.map((minutes) => ({ signal, minutes }))
    ).filter(({ signal, minutes }) => {
      const key = outcomeKey(signal, minutes);
      const at = this.#putOff.get(key) ??
        signal.t + (minutes + 2) * MICROS_PER_MINUTE;
      return !this.outcomes.has(key) && at <= now;
    });
    return Promise.resolve(
      due.slice(0, limit).map(({ signal, minutes }) => {
        const closed = this.candles.of(signal.symbol)
          .filter((candle) => candle.closed);
        const fill = (later: number) => {
          const t = signal.t + later * MICROS_PER_MINUTE;
          const candle = closed.find((one) => one.t === t);
          return candle === undefined
            ? null
            : { open: Number(candle.open), complete: candle.complete };
        };
        return {
          signal,
          minutes,
          entry: fill(1),
          exit: fill(1 + minutes),
          closedThrough: closed.at(-1)?.t ?? null,
        };
      }),
    );
  }

  saveOutcomes(outcomes: readonly SignalOutcome[]): Promise<void> {
    for (const one of outcomes) {
      this.outcomes.set(outcomeKey(one, one.minutes), one);
    }
    return Promise.resolve();
  }

  putOffOutcomes(
    of: readonly (UnsettledSignal & { readonly until: EpochMicros })[],
  ): Promise<void> {
    for (const { signal, minutes, until } of of) {
      this.#putOff.set(outcomeKey(signal, minutes), until);
    }
    return Promise.resolve();
  }
}

function outcomeKey(
  of: Pick<Signal, "symbol" | "t" | "version">,
  minutes: number,
): string {
  return [of.symbol, of.t, of.version, minutes].join(" ");
}

function keyOf(
  row: Pick<Forecast, "symbol" | "t" | "horizon" | "model">,
): string {
  return [row.symbol, epochMicros(row.t), row.horizon, row.model].join(" ");
}
