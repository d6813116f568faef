import type { StoredCandle } from "../domain/candle.ts";
import type { Skill } from "../domain/forecast.ts";
import type { EpochMicros } from "../domain/time.ts";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import { BASELINE } from "./candidates.ts";
import type { FitOutcome } from "./fit_instrument.ts";
import { type FitFailure, fitTrack } from "./fit_track.ts";
import { advanceTrack, type OhlcTrack, withSpreadsOf } from "./ohlc_model.ts";
import { type CandleFloats, candleFloats } from "./training_series.ts";

/** What the forecaster knows of one instrument between two minutes. */
export interface InstrumentState {
  /** Moved on by closed candles only. */
  readonly settled: OhlcTrack | null;
  /** End of the last closed candle that the fit has seen. */
  readonly trainedThrough: EpochMicros | null;
  /** False while only the random walk stands in for a first fit. */
  readonly fitted: boolean;
  readonly failures: readonly FitFailure[];
  /** Why the last fit gave nothing at all, or `null`. */
  readonly fitError: string | null;
  readonly walkForward: readonly Skill[];
  readonly live: readonly Skill[];
}

export const NEW_STATE: InstrumentState = {
  settled: null,
  trainedThrough: null,
  fitted: false,
  failures: [],
  fitError: null,
  walkForward: [],
  live: [],
};

/** Where an instrument stands at a minute's edge. */
export interface EdgeView {
  readonly state: InstrumentState;
  /** The models after the newest candle that has ended, closed or not. */
  readonly track: OhlcTrack;
  readonly newest: StoredCandle;
}

/**
 * Candles that have ended at `edge`, ascending; of those at and after it
 * nothing may be known to a forecast.
 */
export function endedCandles(
  candles: readonly StoredCandle[],
  edge: EpochMicros,
): readonly StoredCandle[] {
  return candles.filter((candle) => candle.end <= edge);
}

/**
 * Whether these newest candles may leave some out since the state's last one,
 * so that more must be read. `limit` is how many were asked for.
 */
export function needsMore(
  state: InstrumentState,
  candles: readonly StoredCandle[],
  limit: number,
): boolean {
  if (state.settled === null) return true;
  return candles.length >= limit && candles[0].t > state.settled.last.t;
}

/**
 * Moves an instrument on to an edge.
 *
 * Closed candles move it for good; those that have ended but are not closed
 * yet, or come after one that is not, only for this forecast. A candle that
 * was seen closed is not looked at again, revised or not. Without models yet,
 * the random walk starts on what there is.
 *
 * @param ended Candles that have ended, ascending.
 * @returns `null` if there is no candle to go by.
 */
export function moveToEdge(
  state: InstrumentState,
  ended: readonly StoredCandle[],
): EdgeView | null {
  const newest = ended.at(-1);
  if (newest === undefined) return null;
  let moved = state;
  if (moved.settled === null) moved = startBaseline(state, ended);
  if (moved.settled === null) return null;
  let settled = moved.settled;
  let track = settled;
  let closedSoFar = true;
  for (const candle of ended) {
    if (candle.t < settled.last.end || candle.t < track.last.end) continue;
    closedSoFar &&= candle.closed;
    track = advanceTrack(track, candleFloats(candle));
    if (closedSoFar) settled = track;
  }
  return { state: { ...moved, settled }, track, newest };
}

function startBaseline(
  state: InstrumentState,
  ended: readonly StoredCandle[],
): InstrumentState {
  const closed = ended.filter((candle) => candle.closed);
  const from = closed.length > 0 ? closed : ended;
  const { track } = fitTrack(
    { close: BASELINE_ENGINE, range: BASELINE_ENGINE },
    from.map(candleFloats),
    [BASELINE],
  );
  return {
    ...state,
    settled: track,
    trainedThrough: from[from.length - 1].end,
  };
}

/** The state after a fit; what it could not fit is kept as a reason. */
export function withFit(
  state: InstrumentState,
  outcome: FitOutcome,
  candles: readonly CandleFloats[],
): InstrumentState {
  if (outcome.track === null || candles.length === 0) {
    return { ...state, fitError: "no candle could be used" };
  }
  return {
    ...state,
    settled: withSpreadsOf(outcome.track, state.settled),
    trainedThrough: candles[candles.length - 1].end as EpochMicros,
    fitted: true,
    failures: outcome.failures,
    fitError: null,
    walkForward: outcome.skills.length > 0 ? outcome.skills : state.walkForward,
  };
}
