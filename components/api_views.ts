/** What the API answers, as the pages and the browser read it. */
import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView, Skill } from "../pipeline/domain/forecast.ts";
import type { InstrumentType } from "../pipeline/domain/instrument.ts";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";

/** How far a price has come, and from where. */
export interface PriceChange {
  readonly abs: number;
  readonly pct: number;
  /** The price compared with. */
  readonly reference: number;
  /** `24h`, the close of the day before, or as far as candles go back. */
  readonly basis: "24h" | "previous_close" | "since";
  /** Time of the price compared with, Unix ms. */
  readonly since: number;
}

/** An instrument, from the catalog. */
export interface InstrumentView {
  readonly symbol: string;
  readonly name: string;
  readonly exchange: string;
  readonly type: InstrumentType;
  readonly currency: string;
  readonly price_scale: number;
  readonly size_scale: number;
  readonly tick_size: string;
  readonly lot_size: number;
  readonly calendar: string;
  /** IANA name of the exchange's time zone. */
  readonly zone: string;
  readonly cost_bps: number;
  /** Registered by its first tick. */
  readonly auto: boolean;
  readonly note: string | null;
  readonly valid_from: number | null;
  readonly valid_to: number | null;
}

/** An instrument with what is known of it now: an item of `/api/instruments`. */
export interface InstrumentNow extends InstrumentView {
  /** Its newest one-minute candle, forming or closed. */
  readonly last: CandleView | null;
  readonly change: PriceChange | null;
  readonly forecast: ForecastView | null;
  readonly signal: SignalView | null;
  readonly feed: FeedState;
}

/** A model's record. */
export interface SkillView {
  readonly symbol: string;
  readonly model: string;
  readonly n: number;
  /** 1 - MAE / MAE of "no change". */
  readonly skill: number | null;
  readonly coverage80: number | null;
  readonly coverage95: number | null;
  readonly direction_hits: number;
  readonly direction_n: number;
  readonly source: Skill["source"];
}

/** Answer of `/api/forecasts`. */
export interface ForecastsAnswer {
  readonly forecasts: readonly ForecastView[];
  readonly skill: readonly SkillView[];
}

/** What a stream begins with, of one symbol. */
export interface SnapshotOfSymbol {
  readonly symbol: string;
  readonly candles: readonly {
    readonly interval: StoredInterval;
    /** Closed ones, oldest first. */
    readonly closed: readonly CandleView[];
    readonly forming: CandleView | null;
  }[];
  readonly forecasts: readonly ForecastView[];
  readonly signals: readonly SignalView[];
  readonly feed: FeedState;
}

/** Data of a stream's `snapshot` event. */
export interface Snapshot {
  /** Server's clock, Unix ms. */
  readonly at: number;
  readonly symbols: readonly SnapshotOfSymbol[];
}
