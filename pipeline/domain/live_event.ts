import type { CandleView } from "./candle.ts";
import type { ForecastView } from "./forecast.ts";
import type { StoredInterval } from "./interval.ts";
import type { SignalView } from "./signal.ts";

/**
 * How fresh an instrument's data is. `live`: ticks come. `quiet`: connected,
 * nothing for a while. `stale`: nothing for longer than anybody should trust.
 * `down`: no connection.
 */
export type FeedStatus = "live" | "quiet" | "stale" | "down";

/** State of the feed of one instrument. */
export interface FeedState {
  readonly symbol: string;
  readonly status: FeedStatus;
  readonly feed: string | null;
  readonly delivery: "acked" | "best_effort" | null;
  /** Event time of the last committed tick, Unix ms. */
  readonly last_tick: number | null;
  /** Listener's clock less event time at the last tick, ms. */
  readonly lag_ms: number | null;
  readonly session: "open" | "closed";
}

/** What the stages tell the browser: absolute values, safe to repeat. */
export type LiveEvent =
  | {
    readonly kind: "candle" | "candle.closed" | "candle.revised";
    readonly symbol: string;
    readonly interval: StoredInterval;
    readonly candle: CandleView;
  }
  | {
    readonly kind: "forecast";
    readonly symbol: string;
    readonly forecasts: readonly ForecastView[];
  }
  | {
    readonly kind: "signal";
    readonly symbol: string;
    readonly signal: SignalView;
  }
  | {
    readonly kind: "feed";
    readonly symbol: string;
    readonly state: FeedState;
  };

export type LiveEventKind = LiveEvent["kind"];
