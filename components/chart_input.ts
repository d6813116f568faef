import type { CandleView } from "../pipeline/domain/candle.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import type { ChartCandle, ChartMark } from "../chart/types.ts";

/** A forming candle is not called incomplete: it is not over. */
export function chartCandle(candle: CandleView): ChartCandle {
  return {
    t: candle.t,
    o: candle.o,
    h: candle.h,
    l: candle.l,
    c: candle.c,
    v: candle.v,
    closed: candle.closed,
    complete: candle.closed ? candle.complete : undefined,
    synthetic: candle.synthetic,
    rev: candle.rev,
  };
}

/** BUY and SELL as marks; HOLD says nothing that a chart should show. */
export function marksOf(signals: readonly SignalView[]): readonly ChartMark[] {
  return signals.flatMap(({ action, t, price, reason, confidence }) =>
    action === "HOLD" ? [] : [{
      t,
      side: action,
      price,
      title: `${Math.round(confidence * 100)} % sure\n${reason}`,
    }]
  );
}
