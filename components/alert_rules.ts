import type { CandleView } from "../pipeline/domain/candle.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import type { Alert, FiredAlert } from "./alerts.ts";
import { feedWord } from "./describe_feed.ts";
import { formatPrice } from "./format_price.ts";

/** What came of an alert as a candle came or grew, or `null`. */
export function firedByCandle(
  alert: Alert,
  candle: Pick<CandleView, "t" | "h" | "l" | "c">,
  now: number,
): FiredAlert | null {
  if (alert.kind !== "price") return null;
  const { level, side, setAt } = alert;
  // What a candle reached before the alert was set does not count.
  const whole = candle.t >= setAt;
  const reached = side === "above"
    ? (whole ? candle.h : candle.c) >= level
    : (whole ? candle.l : candle.c) <= level;
  if (!reached) return null;
  const verb = side === "above" ? "rose" : "fell";
  return fired(alert, "", now, {
    text: `${alert.symbol} ${verb} to ${formatPrice(level, alert.decimals)}`,
  });
}

/** What came of an alert as a signal came, or `null`. */
export function firedBySignal(
  alert: Alert,
  signal: Pick<
    SignalView,
    "t" | "version" | "made_at" | "action" | "reason"
  >,
  now: number,
): FiredAlert | null {
  if (alert.kind !== "signal" || signal.action === "HOLD") return null;
  if (signal.made_at < alert.setAt) return null;
  return fired(alert, `${signal.t}.${signal.version}`, now, {
    text: `${signal.action} ${alert.symbol}: ${signal.reason}`,
  });
}

/** What came of an alert as its feed is like this, or `null`. */
export function firedByFeed(
  alert: Alert,
  feed: FeedState,
  now: number,
): FiredAlert | null {
  if (alert.kind !== "stale" || feed.session === "closed") return null;
  if (feed.status !== "stale" && feed.status !== "down") return null;
  // One outage has one newest tick.
  return fired(alert, String(feed.last_tick ?? 0), now, {
    text: `${alert.symbol}: ${feedWord(feed)}, nothing current comes`,
  });
}

function fired(
  { id, symbol }: Alert,
  cause: string,
  at: number,
  { text }: { readonly text: string },
): FiredAlert {
  return { key: cause === "" ? id : `${id} ${cause}`, symbol, text, at };
}
