import type { Skill } from "../domain/forecast.ts";
import type { Clock, ForecastStore } from "../ports.ts";
import { scoreForecast } from "./scoring.ts";

/** Forecasts that one round scores. */
const SCORES_AT_ONCE = 500;
const SCORE_EVERY_MS = 5_000;

export interface ScorerPorts {
  readonly clock: Clock;
  readonly forecasts: Pick<
    ForecastStore,
    "unscored" | "saveScores" | "skill"
  >;
  /** Told the new records of an instrument whose forecasts were scored. */
  readonly onSkills: (symbol: string, skills: readonly Skill[]) => void;
}

/** Scores what has come true, and sums it up by model. */
export class Scorer {
  #scored = 0;

  constructor(
    private readonly ports: ScorerPorts,
    /** Forecasts that the rolling skill looks back on. */
    private readonly window: number,
  ) {}

  /** Forecasts scored since the start. */
  get scored(): number {
    return this.#scored;
  }

  /**
   * Scores what has closed since; then the skills of those instruments.
   *
   * @returns Milliseconds until the next round is due.
   */
  async round(signal: AbortSignal): Promise<number> {
    const { clock, forecasts, onSkills } = this.ports;
    const unscored = await forecasts.unscored(SCORES_AT_ONCE);
    if (unscored.length === 0) return SCORE_EVERY_MS;
    const scoredAt = clock.now();
    await forecasts.saveScores(
      unscored.map(({ forecast, candle }) =>
        scoreForecast(forecast, candle, scoredAt)
      ),
    );
    this.#scored += unscored.length;
    for (const symbol of new Set(unscored.map((one) => one.forecast.symbol))) {
      if (signal.aborted) break;
      onSkills(symbol, await forecasts.skill(symbol, this.window));
    }
    return unscored.length < SCORES_AT_ONCE ? SCORE_EVERY_MS : 0;
  }
}
