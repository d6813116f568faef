import type { Forecast, Skill } from "../domain/forecast.ts";
import type { Lean, Signal, SignalAction } from "../domain/signal.ts";
import type { EpochMicros } from "../domain/time.ts";
import { calibrate, calibrationOf } from "../forecast/scores/calibration.ts";
import { normalCdf } from "../forecast/scores/normal_cdf.ts";

export interface SignalRule {
  /** Least |forecast return| / standard error for an order. */
  readonly ratioMin: number;
  /** Least scored forecasts before the skill counts. */
  readonly scoredMin: number;
}

export const DEFAULT_RULE: SignalRule = { ratioMin: 0.5, scoredMin: 30 };

/** Of a model without any record. */
const UNSCORED = calibrationOf({ directions: 0, hits: 0, stated: 0 });

export interface SignalInput {
  /** The champion's forecast of the minute that begins. */
  readonly forecast: Forecast;
  readonly madeAt: EpochMicros;
  /** Round trip: spread, fees and slippage, in 1/100 of a percent. */
  readonly costBps: number;
  /** Of the forecast's model, over its last forecasts. */
  readonly skill: Skill | null;
  /**
   * Why no order may come of this minute, whatever the forecast: a stale feed,
   * a candle with a gap, a fit that failed. `null` if nothing is wrong.
   */
  readonly blocked: string | null;
}

/**
 * Makes a signal of a forecast: HOLD, unless all of these hold.
 *
 * Nothing blocks it; the model was scored often enough and is not worse than
 * "no change"; the forecast return is above the cost; and above `ratioMin`
 * standard errors. The confidence is the probability of the lean under the
 * forecast, the normal's of its standard errors, as far from one half as the
 * model's own scored forecasts have earned (`calibrationOf()`).
 */
export function decideSignal(
  input: SignalInput,
  rule: SignalRule = DEFAULT_RULE,
): Signal {
  const { forecast, skill } = input;
  const change = Math.log(forecast.close / forecast.last);
  const expectedBps = change * 1e4;
  const lean: Lean = change > 0 ? "up" : change < 0 ? "down" : "flat";
  const ratio = forecast.se > 0 ? Math.abs(change) / forecast.se : 0;
  const { action, reason } = decide(input, rule, {
    lean,
    bps: Math.abs(expectedBps),
    ratio,
  });
  return {
    symbol: forecast.symbol,
    t: forecast.t,
    version: 1,
    madeAt: input.madeAt,
    model: forecast.model,
    action,
    lean,
    reason,
    confidence: lean === "flat"
      ? 0.5
      : calibrate(normalCdf(ratio), skill?.calibration ?? UNSCORED),
    price: forecast.last,
    expectedBps,
    costBps: input.costBps,
  };
}

function decide(
  { forecast, skill, blocked, costBps }: SignalInput,
  rule: SignalRule,
  { lean, bps, ratio }: {
    readonly lean: Lean;
    readonly bps: number;
    readonly ratio: number;
  },
): { readonly action: SignalAction; readonly reason: string } {
  const hold = (reason: string) => ({ action: "HOLD" as const, reason });
  if (blocked !== null) return hold(blocked);
  if (lean === "flat") {
    return hold(`${forecast.model} expects no change`);
  }
  const expects = `${forecast.model} expects ${bps.toFixed(2)} bps ${lean}`;
  if (bps <= costBps) {
    return hold(`${expects}, not above the cost of ${costBps} bps`);
  }
  if (ratio <= rule.ratioMin) {
    return hold(
      `${expects}, ${ratio.toFixed(2)} standard errors, not above ` +
        `${rule.ratioMin}`,
    );
  }
  if (skill === null || skill.skill === null || skill.n < rule.scoredMin) {
    return hold(
      `${expects}, but only ${skill?.n ?? 0} of its forecasts are scored, ` +
        `${rule.scoredMin} are needed`,
    );
  }
  const measured = `${percent(skill.skill)} against no change over ` +
    `${skill.n} ${
      skill.source === "live" ? "live forecasts" : "past minutes (walk forward)"
    }`;
  if (skill.skill < 0) return hold(`${expects}, but its skill is ${measured}`);
  return {
    action: lean === "up" ? "BUY" : "SELL",
    reason: `${expects}, above the cost of ${costBps} bps and ` +
      `${ratio.toFixed(2)} standard errors; its skill is ${measured}`,
  };
}

function percent(share: number): string {
  return `${share >= 0 ? "+" : "-"}${Math.abs(100 * share).toFixed(1)} %`;
}
