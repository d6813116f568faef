import type { CandleView } from "../../domain/candle.ts";
import type { LiveEvent } from "../../domain/live_event.ts";

/** A one-minute candle that is known by its start `t` and its `n` ticks. */
export function minuteView(t: number, n: number, closed: boolean): CandleView {
  return {
    t,
    o: 1,
    h: 1,
    l: 1,
    c: 1,
    v: 0,
    n,
    vw: null,
    closed,
    rev: 0,
    complete: closed,
    coverage_ms: 60_000,
    closed_by: closed ? "watermark" : null,
  };
}

/** Such a candle has closed. */
export function closedMinute(symbol: string, t: number, n: number): LiveEvent {
  const candle = minuteView(t, n, true);
  return { kind: "candle.closed", symbol, interval: "1m", candle };
}
