import type { EpochMicros } from "./time.ts";

export type SignalAction = "BUY" | "SELL" | "HOLD";
export type Lean = "up" | "down" | "flat";

/**
 * What the rule made of one forecast; immutable. A later one of the same
 * minute is a version of its own, which supersedes.
 */
export interface Signal {
  readonly symbol: string;
  /** Minute that the forecast is for. */
  readonly t: EpochMicros;
  /** 1 as made; the warehouse gives a later one the next number. */
  readonly version: number;
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

/** Minutes after which it is told what came of a signal. */
export const OUTCOME_MINUTES = [1, 5, 15] as const;

/**
 * What came of a signal after some minutes.
 *
 * A signal of minute T is made in its first second, when the minute's first
 * tick may be gone: the first open to fill it at is that of the next minute,
 * T + 1. It ends at the open of the minute `minutes` later.
 *
 * Units: prices; log returns in 1/100 of a percent.
 */
export interface SignalOutcome {
  readonly symbol: string;
  readonly t: EpochMicros;
  readonly version: number;
  readonly minutes: number;
  readonly settledAt: EpochMicros;
  /** A round trip for BUY and SELL, 0 for HOLD. */
  readonly costBps: number;
  readonly came:
    | {
      readonly kind: "priced";
      readonly entry: number;
      readonly exit: number;
      /** From entry to exit: what always being long made, before costs. */
      readonly moveBps: number;
      /** What the signal made, less the cost; 0 for HOLD. */
      readonly netBps: number;
    }
    /** No guess is made where a price is missing. */
    | { readonly kind: "no_price"; readonly reason: string };
}

/** An outcome as clients see it. */
export interface OutcomeView {
  readonly minutes: number;
  readonly entry: number | null;
  readonly exit: number | null;
  readonly move_bps: number | null;
  readonly cost_bps: number;
  readonly net_bps: number | null;
  /** Why there is no price, or `null`. */
  readonly no_price: string | null;
}

/** A signal as clients see it. */
export interface SignalView {
  readonly symbol: string;
  readonly t: number;
  readonly version: number;
  /** The version that it takes the place of, or `null`. */
  readonly supersedes: number | null;
  /** A later version took its place. */
  readonly superseded: boolean;
  readonly made_at: number;
  readonly model: string;
  readonly action: SignalAction;
  readonly lean: Lean;
  readonly reason: string;
  readonly confidence: number;
  readonly price: number;
  readonly expected_bps: number;
  readonly cost_bps: number;
  /** Those that are known so far. */
  readonly outcomes: readonly OutcomeView[];
}

export function signalView(
  signal: Signal,
  known: {
    readonly superseded: boolean;
    readonly outcomes: readonly SignalOutcome[];
  } = { superseded: false, outcomes: [] },
): SignalView {
  return {
    symbol: signal.symbol,
    t: signal.t / 1_000,
    version: signal.version,
    supersedes: signal.version > 1 ? signal.version - 1 : null,
    superseded: known.superseded,
    made_at: signal.madeAt / 1_000,
    model: signal.model,
    action: signal.action,
    lean: signal.lean,
    reason: signal.reason,
    confidence: signal.confidence,
    price: signal.price,
    expected_bps: signal.expectedBps,
    cost_bps: signal.costBps,
    outcomes: known.outcomes.map(outcomeView),
  };
}

function outcomeView({ minutes, costBps, came }: SignalOutcome): OutcomeView {
  const priced = came.kind === "priced" ? came : null;
  return {
    minutes,
    entry: priced?.entry ?? null,
    exit: priced?.exit ?? null,
    move_bps: priced?.moveBps ?? null,
    cost_bps: costBps,
    net_bps: priced?.netBps ?? null,
    no_price: came.kind === "no_price" ? came.reason : null,
  };
}
