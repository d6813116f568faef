import type { Forecast, Skill, Verdict } from "../../domain/forecast.ts";
import type { ScoreSums } from "../../domain/score_sums.ts";
import { addScore, NO_SCORES } from "../scores/add_score.ts";
import type { CloseScore } from "../scores/score_forecast.ts";
import { summarizeSkill } from "../scores/summarize_skill.ts";
import { verdictOf } from "../scores/verdict.ts";
import { wilsonInterval } from "../scores/wilson_interval.ts";
import type { CandleFloats } from "../training_series.ts";
import { SlidingSums } from "./sliding_sums.ts";
import { type Coverage, Turbulence } from "./turbulence.ts";

/** Errors in standard errors are counted in bins of this width, -5 to 5. */
export const ERROR_BIN = 0.25;
export const ERROR_BINS = 40;

const TURBULENT_SHARE = 1 / 3;

/** Root mean squared errors, in price, beside those of the candle before. */
export interface RangeErrors {
  readonly close: number;
  readonly closeNaive: number;
  readonly high: number;
  readonly highNaive: number;
  readonly low: number;
  readonly lowNaive: number;
}

/** All that a backtest says of one model. */
export interface ModelRecord {
  readonly model: string;
  readonly skill: Skill;
  readonly verdict: Verdict;
  /** `null` if nothing was scored. */
  readonly rmse: RangeErrors | null;
  /** 95 % interval of the share of right directions. */
  readonly hitRate: { readonly low: number; readonly high: number };
  /** Of the third of the minutes that were expected to be most turbulent. */
  readonly turbulent: Coverage;
  /** Forecast candles that were no candles: none, unless there is a bug. */
  readonly ohlcViolations: number;
  /** Fits that failed, and why the last of them did. */
  readonly fitsFailed: number;
  readonly fitFailure: string | null;
  /** Errors by size in standard errors, the outer bins with all beyond. */
  readonly errors: readonly number[];
}

/** A forecast, what came, and what it was worth. */
export interface Scored {
  readonly forecast: Forecast;
  readonly score: CloseScore;
  readonly candle: CandleFloats;
  /** The candle before: what "no change" expects of high and low. */
  readonly before: CandleFloats;
  /** Standard error that the random walk gave to the minute. */
  readonly spread: number;
}

/** Adds up what one model's forecasts came to, in a memory that is bounded. */
export class ModelTally {
  #sums: ScoreSums = NO_SCORES;
  readonly #recent: SlidingSums;
  readonly #turbulence = new Turbulence();
  readonly #errors = new Array<number>(ERROR_BINS).fill(0);
  readonly #squares = { high: 0, highNaive: 0, low: 0, lowNaive: 0 };
  #violations = 0;
  #fitsFailed = 0;
  #fitFailure: string | null = null;

  constructor(
    private readonly of: { readonly symbol: string; readonly model: string },
    recentWindow: number,
  ) {
    this.#recent = new SlidingSums(recentWindow);
  }

  add({ forecast, score, candle, before, spread }: Scored): void {
    const added = { ...score, t: forecast.t };
    this.#sums = addScore(this.#sums, added);
    this.#recent.add(added);
    this.#turbulence.add(spread, score);
    this.#squares.high += (forecast.high - candle.high) ** 2;
    this.#squares.highNaive += (before.high - candle.high) ** 2;
    this.#squares.low += (forecast.low - candle.low) ** 2;
    this.#squares.lowNaive += (before.low - candle.low) ** 2;
    if (!isCandle(forecast)) this.#violations++;
    if (forecast.se > 0) {
      const error = Math.log(score.actual / forecast.close) / forecast.se;
      const bin = Math.floor(error / ERROR_BIN) + ERROR_BINS / 2;
      this.#errors[Math.min(ERROR_BINS - 1, Math.max(0, bin))]++;
    }
  }

  fitFailed(reason: string): void {
    this.#fitsFailed++;
    this.#fitFailure = reason;
  }

  /** Of the newest scores, as the choice of the champion sees them. */
  recentSkill(): Skill {
    return this.#skillOf(this.#recent.sums, null);
  }

  /** @param scale As `naiveScale()` gives it. */
  record(scale: number | null): ModelRecord {
    const { n, squares, squaresNaive } = this.#sums;
    const root = (sum: number) => Math.sqrt(sum / n);
    const skill = this.#skillOf(this.#sums, scale);
    return {
      model: this.of.model,
      skill,
      verdict: verdictOf(skill),
      rmse: n === 0 ? null : {
        close: root(squares),
        closeNaive: root(squaresNaive),
        high: root(this.#squares.high),
        highNaive: root(this.#squares.highNaive),
        low: root(this.#squares.low),
        lowNaive: root(this.#squares.lowNaive),
      },
      hitRate: wilsonInterval(skill.directionHits, skill.directionN),
      turbulent: this.#turbulence.mostTurbulent(TURBULENT_SHARE),
      ohlcViolations: this.#violations,
      fitsFailed: this.#fitsFailed,
      fitFailure: this.#fitFailure,
      errors: [...this.#errors],
    };
  }

  #skillOf(sums: ScoreSums, scale: number | null): Skill {
    return summarizeSkill(
      { ...this.of, source: "walk_forward" },
      sums,
      scale,
    );
  }
}

function isCandle({ open, high, low, close }: Forecast): boolean {
  return low > 0 && low <= Math.min(open, close) &&
    Math.max(open, close) <= high && high < Infinity;
}
