import { type ModelSpec, type Order, specName } from "./forecast_engine.ts";

/** A model of the close that competes to be shown. */
export interface Candidate {
  readonly model: string;
  /** `auto` leaves the order to the engine, at each fit anew. */
  readonly spec: ModelSpec | "auto";
}

export const RANDOM_WALK = "random-walk";

const NO_CHANGE: Order = [0, 1, 0];

/** The baseline: the first of every list, and the winner of a tie. */
export const BASELINE: Candidate = {
  model: RANDOM_WALK,
  spec: { order: NO_CHANGE, mean: false },
};

function arima(p: number, d: number, q: number): Candidate {
  const spec: ModelSpec = { order: [p, d, q], mean: false };
  return { model: specName(spec), spec };
}

/** Simplest first. */
export const CANDIDATES: readonly Candidate[] = [
  BASELINE,
  { model: "drift", spec: { order: NO_CHANGE, mean: true } },
  arima(1, 1, 0),
  arima(1, 1, 1),
  arima(2, 1, 2),
  { model: "auto", spec: "auto" },
];

/** U, V and W: ARMA(1,1) with a mean. */
export const RANGE_SPEC: ModelSpec = { order: [1, 0, 1], mean: true };
