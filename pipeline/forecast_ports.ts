/** What forecasts, their scores and signals are kept by. */
import type { StoredCandle } from "./domain/candle.ts";
import type { Forecast, ForecastScore } from "./domain/forecast.ts";
import type { ShardClaim } from "./domain/forecast_shard.ts";
import type { Chance, ModelSums } from "./domain/score_sums.ts";
import type { Signal, SignalOutcome } from "./domain/signal.ts";
import type { EpochMicros } from "./domain/time.ts";
import type { Heartbeat } from "./ports.ts";

// ---------------------------------------------------------------- forecasts

/** What storing something of an instrument is fenced by. */
export type ClaimOf = (symbol: string) => ShardClaim;

export interface ForecastQuery {
  readonly symbol: string;
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  readonly limit: number;
  readonly model?: string;
  readonly horizon?: number;
}

export interface NewestQuery {
  /** How many forecasts and signals of each instrument. */
  readonly forecasts: number;
  readonly signals: number;
  /** Every horizon if absent. */
  readonly horizon?: number;
}

/** Of one instrument, ascending by `t`; empty where there is none. */
export interface NewestForecasts {
  readonly forecasts: readonly ScoredForecast[];
  readonly signals: readonly Signal[];
}

export interface ScoredForecast {
  readonly forecast: Forecast;
  readonly score: ForecastScore | null;
}

/** Forecasts as they were made. */
export interface ForecastStore {
  /**
   * Stores forecasts; one that is there already stays as it was.
   *
   * Refuses, by a constraint, what was made more than a second after its
   * minute began. A server gives up, with nothing stored, if it takes longer
   * than `withinMs`.
   *
   * Where several processes forecast, `claimOf` has the claim of each
   * instrument: then each minute and horizon has one forecast that is shown.
   *
   * @returns Instruments of which nothing was stored: the claim is not true any
   * more, or another process has stored what is shown of these minutes.
   */
  saveForecasts(
    forecasts: readonly Forecast[],
    withinMs?: number,
    claimOf?: ClaimOf,
  ): Promise<ReadonlySet<string>>;
  /** Ascending by `t`; of the champion unless a model is named. */
  forecasts(query: ForecastQuery): Promise<readonly ScoredForecast[]>;
  /**
   * The newest of the champions' forecasts and of the signals of many
   * instruments, for lists: one reading, however many there are.
   */
  newest(symbols: readonly string[], query: NewestQuery): Promise<
    ReadonlyMap<string, NewestForecasts>
  >;
  /** What each model forecast last, one minute ahead, at the newest edge. */
  newestOfModels(symbols: readonly string[]): Promise<
    ReadonlyMap<string, readonly Forecast[]>
  >;
}

// ------------------------------------------------------------------- scores

/** What came of forecasts. */
export interface ScoreStore {
  /**
   * Forecasts whose candle has closed and that have no score, of some symbols
   * or of all.
   */
  unscored(limit: number, symbols?: readonly string[]): Promise<
    readonly { forecast: Forecast; candle: StoredCandle }[]
  >;
  saveScores(scores: readonly ForecastScore[]): Promise<void>;
  /**
   * The scores of horizon 1 of each model, the newest `window`, added up; an
   * instrument without any is left out.
   */
  scoreSums(symbols: readonly string[], window: number): Promise<
    ReadonlyMap<string, readonly ModelSums[]>
  >;
  /**
   * How probable a model's newest forecasts of horizon 1 made a rise, and
   * whether it came; minutes in which the price stood still are left out.
   */
  chances(query: {
    readonly symbol: string;
    readonly model: string;
    readonly limit: number;
  }): Promise<readonly Chance[]>;
}

// ------------------------------------------------------------------ signals

export interface SignalQuery {
  readonly symbol?: string;
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  readonly action?: Signal["action"];
  readonly limit: number;
}

export interface SettledSignal {
  readonly signal: Signal;
  /** A later version took its place. */
  readonly superseded: boolean;
  /** Those that are known so far, shortest first. */
  readonly outcomes: readonly SignalOutcome[];
}

/** A signal whose outcome after `minutes` is due. */
export interface UnsettledSignal {
  readonly signal: Signal;
  readonly minutes: number;
  readonly entry: Fill | null;
  readonly exit: Fill | null;
  /** Open time of the instrument's newest closed candle, if one is missing. */
  readonly closedThrough: EpochMicros | null;
}

/** The closed candle that a signal is filled at. */
export interface Fill {
  readonly open: number;
  /** False if the feed was away for a part of it. */
  readonly complete: boolean;
}

/** Signals, and what came of them. */
export interface SignalStore {
  /**
   * Stores signals. One that says what the newest of its minute says is not
   * stored again; one that says something else supersedes it.
   *
   * @param claimOf As `ForecastStore.saveForecasts` has it: of an instrument
   * whose claim is not true any more nothing is stored.
   */
  saveSignals(signals: readonly Signal[], claimOf?: ClaimOf): Promise<void>;
  /** Ascending by `t`; all versions. */
  signals(query: SignalQuery): Promise<readonly SettledSignal[]>;
  /**
   * Signals whose outcome is due at `now`, most overdue first, of some symbols
   * or of all.
   */
  unsettled(
    now: EpochMicros,
    limit: number,
    symbols?: readonly string[],
  ): Promise<readonly UnsettledSignal[]>;
  /** Stores what came of signals, for good. */
  saveOutcomes(outcomes: readonly SignalOutcome[]): Promise<void>;
  /** Looks at those again, whose candles have not come, at another time. */
  putOffOutcomes(
    of: readonly (UnsettledSignal & { readonly until: EpochMicros })[],
  ): Promise<void>;
}

// ------------------------------------------------------------------- shares

/** Who forecasts which instruments, where several processes do. */
export interface ForecastShardStore {
  /**
   * Says that this process is alive, and claims what nobody has, up to its
   * share: the shards divided by the processes that are alive, rounded up.
   *
   * @returns `null` while a program of before, which forecasts all instruments
   * by one process, does so: then this one holds nothing.
   */
  round(owner: string): Promise<
    {
      /** What it holds, ascending by shard. */
      readonly held: readonly ShardClaim[];
      /** All that said so within the last lease, this one among them. */
      readonly processes: readonly Heartbeat[];
    } | null
  >;
  /** Gives shards up, if they are the owner's. */
  giveBack(owner: string, shards: readonly number[]): Promise<void>;
  /** What these hold is free: they are known to be gone. */
  bury(owners: readonly string[]): Promise<void>;
  /** Gives up all, and is not counted any more. */
  leave(owner: string): Promise<void>;
}
