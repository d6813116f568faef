import type { StoredCandle } from "../domain/candle.ts";

/** A candle in floats, as the models see it. */
export interface CandleFloats {
  /** Open time, microseconds. */
  readonly t: number;
  /** First microsecond after it. */
  readonly end: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** False if the feed was away for a part of it. */
  readonly whole: boolean;
}

export function candleFloats(candle: StoredCandle): CandleFloats {
  return {
    t: candle.t,
    end: candle.end,
    open: Number(candle.open),
    high: Number(candle.high),
    low: Number(candle.low),
    close: Number(candle.close),
    // What has ended but is not closed yet is taken as whole.
    whole: candle.complete || !candle.closed,
  };
}

/** What one candle adds to the four series of the OHLC model, in logs. */
export interface CandleStep {
  /** Return of the close. */
  readonly change: number;
  /** U: from the body to the high. */
  readonly upper: number;
  /** V: from the low to the body. */
  readonly lower: number;
  /** W: size of the body. */
  readonly body: number;
  /** The candle follows the one before without a gap. */
  readonly joined: boolean;
}

/**
 * One candle after another, in logs.
 *
 * Overnight, over a session's edge, over minutes without ticks, and where the
 * feed was away, close to close is no one-minute return: there the candle's
 * own open to close stands for it, and the jump is left out.
 *
 * @returns `null` if a price is not above 0 or the candle is no candle.
 */
export function candleStep(
  candle: CandleFloats,
  before: Pick<CandleFloats, "end" | "close" | "whole"> | null,
): CandleStep | null {
  const { open, high, low, close } = candle;
  const top = Math.max(open, close);
  const bottom = Math.min(open, close);
  if (!(low > 0) || !(low <= bottom) || !(top <= high) || high === Infinity) {
    return null;
  }
  const joined = before !== null && before.end === candle.t &&
    before.whole && candle.whole;
  return {
    change: Math.log(close / (joined ? before.close : open)),
    upper: Math.log(high / top),
    lower: Math.log(bottom / low),
    body: Math.abs(Math.log(close / open)),
    joined,
  };
}

/**
 * The series to fit, oldest first: `level` is the running sum of returns, so a
 * log price with its gaps closed.
 *
 * Shapes: all four (n), n the candles that can be used.
 */
export interface TrainingSeries {
  readonly candles: readonly CandleFloats[];
  readonly level: Float64Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  readonly body: Float64Array;
}

/** Makes the series of candles that ascend by time. */
export function trainingSeries(
  candles: readonly CandleFloats[],
): TrainingSeries {
  const used: CandleFloats[] = [];
  const steps: CandleStep[] = [];
  for (const candle of candles) {
    const step = candleStep(candle, used.at(-1) ?? null);
    if (step === null) continue;
    used.push(candle);
    steps.push(step);
  }
  const level = new Float64Array(steps.length);
  for (let i = 1; i < steps.length; i++) {
    level[i] = level[i - 1] + steps[i].change;
  }
  return {
    candles: used,
    level,
    upper: Float64Array.from(steps, (step) => step.upper),
    lower: Float64Array.from(steps, (step) => step.lower),
    body: Float64Array.from(steps, (step) => step.body),
  };
}
