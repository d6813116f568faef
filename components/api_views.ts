/** What the API answers, as the pages and the browser read it. */
import type { CandleView } from "../pipeline/domain/candle.ts";
import type {
  DieboldMariano,
  ForecastView,
  Skill,
  Verdict,
} from "../pipeline/domain/forecast.ts";
import type { InstrumentType } from "../pipeline/domain/instrument.ts";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import type { SignalRecord } from "../pipeline/domain/signal_record.ts";

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
  /** Record of the model that is shown, or `null` if it has none. */
  readonly skill: SkillBrief | null;
  readonly feed: FeedState;
}

/** The gist of a model's record against "no change". */
export type SkillBrief = Pick<
  ModelView,
  "model" | "source" | "n" | "skill" | "verdict"
>;

/** What one feed of a symbol missed. Times are event times in Unix ms. */
export interface GapView {
  /** `missing`: numbers never sent. `outage`: nobody was connected. */
  readonly kind: "missing" | "outage";
  readonly feed: string;
  readonly epoch: number;
  readonly from: number;
  /** `null` while the feed is away. */
  readonly to: number | null;
  /** Numbers that were never sent, both included. */
  readonly seq: { readonly from: number; readonly to: number } | null;
}

/** Answer of `/api/gaps`. */
export interface GapsAnswer {
  readonly symbol: string;
  readonly gaps: readonly GapView[];
  /** There are more than were asked for: ask for later ones by `from`. */
  readonly more: boolean;
}

/** A stretch of time in which the market is in one state, Unix ms. */
export interface MarketPeriod {
  readonly from: number;
  readonly to: number;
  /** `unknown`: a date that the calendar does not know; ticks are accepted. */
  readonly state: "open" | "closed" | "pre_open" | "unknown";
  /** Why it is closed, or `null`. */
  readonly reason: string | null;
  /** Name of the holiday, on one. */
  readonly holiday: string | null;
}

/** When an instrument trades: answer of `/api/calendar`. */
export interface MarketHours {
  readonly symbol: string;
  readonly calendar: string;
  /** IANA name of its time zone. */
  readonly zone: string;
  readonly from: number;
  readonly to: number;
  /** All of [from, to), in order. */
  readonly periods: readonly MarketPeriod[];
}

/** A model's record, one minute ahead: an item of `/api/models`. */
export interface ModelView {
  readonly symbol: string;
  readonly interval: "1m";
  readonly model: string;
  /** `null` if it made no forecast at the newest edge. */
  readonly order: readonly [number, number, number] | null;
  readonly source: Skill["source"];
  /** Forecasts scored. */
  readonly n: number;
  /** First and last minute scored, Unix ms. */
  readonly from: number | null;
  readonly through: number | null;
  /** In price, like those of "no change", the Winkler score and the CRPS. */
  readonly mae: number | null;
  readonly mae_naive: number | null;
  /** MAE / MAE of "no change" in the 240 candles before `from`. */
  readonly mase: number | null;
  /** 1 - MAE / MAE of "no change". */
  readonly skill: number | null;
  readonly coverage50: number | null;
  readonly coverage80: number | null;
  readonly coverage95: number | null;
  readonly winkler95: number | null;
  readonly crps: number | null;
  readonly brier: number | null;
  /** Of forecasts that moved, of minutes that moved; Wilson's 95 %. */
  readonly direction: {
    readonly hits: number;
    readonly n: number;
    readonly rate: number | null;
    readonly low: number;
    readonly high: number;
  };
  readonly diebold_mariano: DieboldMariano | null;
  readonly verdict: Verdict;
  /** Why the record is too good to be true, or `null`. */
  readonly suspicious: string | null;
  /** Shown, at the newest edge. */
  readonly champion: boolean;
  readonly trained_through: number | null;
  /** Why the last fit failed, or `null`; known where the fits are done. */
  readonly failure: string | null;
}

/** How often a rise came that was stated so probable: `/api/reliability`. */
export interface ReliabilityView {
  readonly symbol: string;
  readonly model: string;
  /** Live forecasts one minute ahead, of minutes that moved. */
  readonly n: number;
  /** By what was stated, ascending. */
  readonly bins: readonly {
    readonly n: number;
    /** Mean of what was stated. */
    readonly stated: number;
    /** Share that came, with Wilson's 95 % interval. */
    readonly came: number;
    readonly low: number;
    readonly high: number;
  }[];
}

/** A stretch of a trading day, Unix ms. */
export interface QualitySpan {
  readonly from: number;
  readonly to: number;
  /**
   * `covered`: with candles. `quiet`: a feed was there, and nothing happened.
   * `partly`: candles of which a feed missed a part. `missing`: no feed.
   */
  readonly kind: "covered" | "quiet" | "partly" | "missing";
}

/** What the candles of a trading day rest on: answer of `/api/quality`. */
export interface QualityView {
  readonly symbol: string;
  /** The day, and up to when it is judged; Unix ms. */
  readonly from: number;
  readonly to: number;
  readonly until: number;
  /** In candles. */
  readonly ticks: number;
  /** Minutes of the sessions that are over, and what is in them. */
  readonly minutes: {
    readonly expected: number;
    readonly with_candle: number;
    /** A feed was there, and nothing happened. */
    readonly quiet: number;
    /** No feed was there. */
    readonly missing: number;
    readonly partly_covered: number;
    readonly revised: number;
    readonly imported: number;
  };
  /** Changes of closed candles. */
  readonly revisions: number;
  /** Share of the sessions so far that a feed covered; `null` before them. */
  readonly completeness: number | null;
  readonly gaps: {
    readonly outages: number;
    /** Stretches of numbers that a feed never sent. */
    readonly never_sent: number;
  };
  /** Lines of the day that were not accepted, by reason. */
  readonly rejected: Readonly<
    Record<string, { readonly lines: number; readonly readmitted: number }>
  >;
  /** Its feeds, with all their instruments, since each began. */
  readonly feeds: readonly {
    readonly feed: string;
    readonly epoch: number;
    readonly delivery: "acked" | "best_effort";
    readonly connected: boolean;
    readonly received: number;
    readonly accepted: number;
    readonly duplicates: number;
    readonly rejected: number;
  }[];
  readonly spans: readonly QualitySpan[];
}

/** Answer of `/api/models`. */
export interface ModelsAnswer {
  /** Newest forecasts that a record is of at most. */
  readonly window: number;
  readonly models: readonly ModelView[];
}

/** Answer of `/api/forecasts`. */
export interface ForecastsAnswer {
  readonly forecasts: readonly ForecastView[];
}

/** Answer of `/api/signals`. */
export interface SignalsAnswer {
  readonly signals: readonly SignalView[];
  /** Of those listed. */
  readonly record: readonly SignalRecord[];
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
