import type { EpochMicros } from "./time.ts";

export type SignalAction = "BUY" | "SELL" | "HOLD";
export type Lean = "up" | "down" | "flat";

/** What the rule made of one forecast; immutable. */
export interface Signal {
  readonly symbol: string;
  /** Minute that the forecast is for. */
  readonly t: EpochMicros;
  readonly madeAt: EpochMicros;
  readonly model: string;
  readonly action: SignalAction;
  /** Which way the forecast points, before costs. */
  readonly lean: Lean;
  /** Why this action, in words a person reads. */
  readonly reason: string;
  /** Probability that the price goes the way of `lean`, 0.5 to 1. */
  readonly confidence: number;
  /** Price when it was made: the last close. */
  readonly price: number;
  /** Forecast log return of the minute, in 1/100 of a percent. */
  readonly expectedBps: number;
  readonly costBps: number;
}

/** A signal as clients see it. */
export interface SignalView {
  readonly symbol: string;
  readonly t: number;
  readonly made_at: number;
  readonly model: string;
  readonly action: SignalAction;
  readonly lean: Lean;
  readonly reason: string;
  readonly confidence: number;
  readonly price: number;
  readonly expected_bps: number;
  readonly cost_bps: number;
}

export function signalView(signal: Signal): SignalView {
  return {
    symbol: signal.symbol,
    t: signal.t / 1_000,
    made_at: signal.madeAt / 1_000,
    model: signal.model,
    action: signal.action,
    lean: signal.lean,
    reason: signal.reason,
    confidence: signal.confidence,
    price: signal.price,
    expected_bps: signal.expectedBps,
    cost_bps: signal.costBps,
  };
}
