import type { CandleView } from "../pipeline/domain/candle.ts";
import type { Interval } from "../pipeline/domain/interval.ts";
import { nominalMicros } from "../pipeline/domain/interval_length.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import { signalRecords } from "../pipeline/domain/signal_record.ts";
import type {
  ChartCandle,
  ChartMark,
  ChartOutage,
  ChartSession,
} from "../chart/types.ts";
import type { GapView, InstrumentView, MarketPeriod } from "./api_views.ts";
import { isPartlyCovered } from "./candle_cover.ts";
import { describeCall } from "./describe_call.ts";

/** What the chart must know of an instrument and of its candles' length. */
export function chartOptions(
  { symbol, price_scale, tick_size }: InstrumentView,
  interval: Interval,
) {
  return {
    intervalMs: nominalMicros(interval) / 1_000,
    symbol,
    priceDecimals: price_scale,
    tickSize: Number(tick_size),
  };
}

/** A candle for the chart, which shows muted what is partly covered. */
export function chartCandle(candle: CandleView): ChartCandle {
  return {
    t: candle.t,
    o: candle.o,
    h: candle.h,
    l: candle.l,
    c: candle.c,
    v: candle.v,
    closed: candle.closed,
    complete: !isPartlyCovered(candle),
    synthetic: candle.synthetic,
    rev: candle.rev,
  };
}

/** BUY and SELL as marks; HOLD says nothing that a chart should show. */
export function marksOf(signals: readonly SignalView[]): readonly ChartMark[] {
  const records = signalRecords(signals);
  return signals.flatMap((signal) => {
    const { action, t, price } = signal;
    if (action === "HOLD") return [];
    return [{ t, side: action, price, title: describeCall(signal, records) }];
  });
}

/** What is not the regular session, though there may be candles in it. */
export function sessionsOf(
  periods: readonly MarketPeriod[],
): readonly ChartSession[] {
  const sessions: ChartSession[] = [];
  for (const { state, reason, from, to } of periods) {
    const name = state === "pre_open"
      ? "pre-open"
      : state === "unknown"
      ? "hours not known"
      : state === "open"
      ? reason
      : null;
    const before = sessions.at(-1);
    if (name === null) continue;
    if (before?.name === name && before.to === from) {
      sessions[sessions.length - 1] = { ...before, to };
    } else sessions.push({ from, to, name });
  }
  return sessions;
}

/** Gaps of the feeds as outages, named by what they mean for the candles. */
export function outagesOf(gaps: readonly GapView[]): readonly ChartOutage[] {
  return gaps.map(({ kind, feed, from, to, seq }) => ({
    from,
    to,
    title: kind === "outage"
      ? `feed ${feed} away`
      : `feed ${feed} never sent ${
        seq === null || seq.from === seq.to
          ? "a tick"
          : `${seq.to - seq.from + 1} ticks`
      }`,
  }));
}
