import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import { isNewer } from "../pipeline/domain/newer_candle.ts";

/** A candle in its place by open time; of two versions the newer stays. */
export function mergeCandle(
  candles: readonly CandleView[],
  candle: CandleView,
  keep: number,
): readonly CandleView[] {
  const at = candles.findLastIndex(({ t }) => t <= candle.t);
  const before = candles[at];
  if (before?.t === candle.t) {
    return isNewer(before, candle) ? candles : candles.with(at, candle);
  }
  return candles.toSpliced(at + 1, 0, candle).slice(-keep);
}

/**
 * A stretch of candles, with what was told of it while it was on its way: of
 * two versions the newer.
 */
export function newerOf(
  stretch: readonly CandleView[],
  told: readonly CandleView[],
): readonly CandleView[] {
  const first = stretch.at(0)?.t ?? Infinity;
  const last = stretch.at(-1)?.t ?? -Infinity;
  return told.filter(({ t }) => t >= first && t <= last)
    .reduce(
      (candles, candle) => mergeCandle(candles, candle, Infinity),
      stretch,
    );
}

/** Forecasts by minute and horizon, ascending; what comes later replaces. */
export function mergeForecasts(
  known: readonly ForecastView[],
  more: readonly ForecastView[],
  keep: number,
): readonly ForecastView[] {
  const byKey = new Map(
    [...known, ...more].map((one) => [`${one.t} ${one.horizon}`, one]),
  );
  return [...byKey.values()].sort((a, b) => a.t - b.t || a.horizon - b.horizon)
    .slice(-keep);
}

/**
 * Signals by minute, ascending; a later version replaces, and of the same one
 * what tells more of its outcome stays.
 */
export function mergeSignals(
  known: readonly SignalView[],
  more: readonly SignalView[],
  keep: number,
): readonly SignalView[] {
  const byMinute = new Map<number, SignalView>();
  for (const one of [...known, ...more]) {
    const before = byMinute.get(one.t);
    if (before === undefined || tellsMore(before, one)) {
      byMinute.set(one.t, one);
    }
  }
  return [...byMinute.values()].sort((a, b) => a.t - b.t).slice(-keep);
}

function tellsMore(before: SignalView, one: SignalView): boolean {
  return one.version > before.version ||
    one.version === before.version &&
      one.outcomes.length >= before.outcomes.length;
}
