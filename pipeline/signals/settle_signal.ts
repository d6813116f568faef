import type { Calendar } from "../domain/calendar.ts";
import type { SignalOutcome } from "../domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  toIso,
} from "../domain/time.ts";
import type { UnsettledSignal } from "../forecast_ports.ts";

/** After the exit's minute no candle is waited for any longer. */
const GIVEN_UP_AFTER = 24 * 60 * MICROS_PER_MINUTE;

/** The minutes at whose opens a signal begins and ends. */
function fillMinutes(
  t: EpochMicros,
  minutes: number,
): { readonly entryT: EpochMicros; readonly exitT: EpochMicros } {
  return {
    entryT: epochMicros(t + MICROS_PER_MINUTE),
    exitT: epochMicros(t + (1 + minutes) * MICROS_PER_MINUTE),
  };
}

/**
 * What came of a signal: the log return between the two fills, its way, less
 * the cost of a round trip. Where a fill's minute is outside the session, had
 * no tick, or has a candle with a gap, there is no price, and the reason.
 *
 * @returns `null` while a candle that is needed may still come.
 */
export function settleSignal(
  { signal, minutes, entry, exit, closedThrough }: UnsettledSignal,
  calendar: Pick<Calendar, "stateAt">,
  now: EpochMicros,
): SignalOutcome | null {
  const { entryT, exitT } = fillMinutes(signal.t, minutes);
  const came = (came: SignalOutcome["came"]): SignalOutcome => ({
    symbol: signal.symbol,
    t: signal.t,
    version: signal.version,
    minutes,
    settledAt: now,
    costBps: signal.action === "HOLD" ? 0 : signal.costBps,
    came,
  });
  const noPrice = (reason: string) => came({ kind: "no_price", reason });
  for (const [fill, t] of [[entry, entryT], [exit, exitT]] as const) {
    const at = `${toIso(t).slice(0, 16)}Z`;
    if (calendar.stateAt(t).kind === "closed") {
      return noPrice(`The market is closed at ${at}`);
    }
    if (fill === null) {
      if (closedThrough !== null && closedThrough > t) {
        return noPrice(`No tick came in the minute of ${at}`);
      }
      if (now > exitT + GIVEN_UP_AFTER) {
        return noPrice(`No candle of ${at} came within a day`);
      }
      return null;
    }
    if (!fill.complete) {
      return noPrice(`The feed was away for a part of the minute of ${at}`);
    }
  }
  if (entry === null || exit === null) return null;
  const moveBps = Math.log(exit.open / entry.open) * 1e4;
  const way = { BUY: 1, SELL: -1, HOLD: 0 }[signal.action];
  return came({
    kind: "priced",
    entry: entry.open,
    exit: exit.open,
    moveBps,
    netBps: way === 0 ? 0 : way * moveBps - signal.costBps,
  });
}
