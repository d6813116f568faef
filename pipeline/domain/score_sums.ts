import type { EpochMicros } from "./time.ts";

/**
 * Scores of one model and instrument, one minute ahead, added up: all that is
 * told of its record comes of these sums, wherever they were added.
 *
 * Units: `absError`, `absErrorNaive`, `winkler95` and `crps` in price.
 */
export interface ScoreSums {
  readonly n: number;
  /** First and last minute scored; `null` if n is 0. */
  readonly from: EpochMicros | null;
  readonly through: EpochMicros | null;
  readonly absError: number;
  readonly absErrorNaive: number;
  /** Of absolute errors: squared, those of "no change", and their products. */
  readonly squares: number;
  readonly squaresNaive: number;
  readonly products: number;
  readonly inside50: number;
  readonly inside80: number;
  readonly inside95: number;
  /** Scores that tell `winkler95` and `crps`. */
  readonly spreads: number;
  readonly winkler95: number;
  readonly crps: number;
  /** Scores that tell `brier`: the price moved. */
  readonly chances: number;
  readonly brier: number;
  /** Minutes in which the price moved. */
  readonly moved: number;
  /** Forecast and price moved, and those that moved the same way. */
  readonly directions: number;
  readonly hits: number;
  /** How far from one half the forecasts among `directions` stated P(up). */
  readonly stated: number;
}

/** Scores of one model, added up. */
export interface ModelSums {
  readonly model: string;
  readonly sums: ScoreSums;
  /**
   * Mean absolute change of the close from one minute to the next in the 240
   * candles before the first minute that any model is scored on, in price.
   */
  readonly scale: number | null;
}

/** How probable a forecast made a rise, and whether it came. */
export interface Chance {
  readonly up: number;
  readonly came: boolean;
}
