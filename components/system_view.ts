import type { VenueName } from "../pipeline/domain/feed_endpoint.ts";

/** What `/api/system` answers. Times are Unix milliseconds. */

/** Waits in milliseconds, of the last half to one minute. */
export interface WaitView {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** One way in. */
export interface EndpointView {
  readonly url: string;
  /** What it speaks. */
  readonly format: "ndjson" | "csv" | VenueName;
  readonly state: "listening" | "connected" | "away";
  readonly since: number;
  readonly error: string | null;
}

/** One feed, since this process first saw it. */
export interface FeedView {
  readonly feed: string;
  readonly epoch: number;
  readonly delivery: "acked" | "best_effort";
  readonly replay: boolean;
  readonly connections: number;
  /** The other ends, as `host:port`. */
  readonly peers: readonly string[];
  /** Lines a second, over the last ten seconds. */
  readonly per_second: number;
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly acked_seq: number | null;
  readonly missing: number;
  readonly resends: number;
  readonly lost: number;
  readonly uncommitted_bytes: number;
  readonly paused: boolean;
  readonly ended: boolean;
  /** When its last connection went, unless it had ended. */
  readonly away_since: number | null;
  readonly trouble: string | null;
  readonly last_received: number | null;
}

export interface StoreView {
  /** What people call it, such as `Redis`. */
  readonly name: string;
  /** Such as `Redis at 127.0.0.1:6379`. */
  readonly place: string;
  readonly up: boolean;
  /** Since when it does not answer, as far as this process knows. */
  readonly down_since: number | null;
}

export interface PartitionView {
  readonly p: number;
  /** Name of the process that makes its candles, or did last. */
  readonly owner: string | null;
  readonly lease_epoch: number;
  /** Somebody makes its candles now. */
  readonly held: boolean;
  readonly position: string;
  /** Entries wait for longer than they should. */
  readonly behind: boolean | null;
}

export interface GapView {
  readonly feed: string;
  readonly epoch: number;
  readonly kind: "missing" | "outage";
  readonly from: number;
  /** `null` while the feed is away. */
  readonly to: number | null;
  readonly seq: { readonly from: number; readonly to: number } | null;
}

export interface RevisionView {
  readonly symbol: string;
  readonly interval: string;
  readonly t: number;
  readonly rev: number;
  /** Ticks before the revision. */
  readonly n: number;
  readonly revised_at: number;
}

export interface SampleView {
  readonly id: string;
  readonly feed: string;
  readonly symbol: string | null;
  readonly reason: string;
  readonly detail: string;
  readonly raw: string;
  readonly received_at: number;
}

export interface BooksView {
  readonly balanced: boolean;
  readonly unaccounted: number;
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Ticks applied, and those that the candles add up to. */
  readonly applied: number;
  readonly in_candles: number;
  readonly in_quarantine: number;
}

export interface ForecastsView {
  /** Fits and forecasts are made by this process. */
  readonly here: boolean;
  /** Name of the process that makes them, if it is known. */
  readonly owner: string | null;
  /** The newest minute's edge that is over; `null` before the first. */
  readonly edge: {
    readonly t: number;
    readonly nearest_ms: number;
    readonly all_ms: number;
    readonly stored: number;
    readonly late: number;
    readonly left_out: number;
    readonly overdue: number;
    readonly idle: number;
  } | null;
  readonly fits: number;
  readonly fits_failed: number;
  /** Over the last ten minutes, or since the start. */
  readonly fits_per_minute: number;
  readonly fits_waiting: number;
  readonly workers: number;
  readonly workers_replaced: number;
  readonly scored: number;
  /** Models that could not be fitted the last time. */
  readonly failures: readonly {
    readonly symbol: string;
    readonly model: string | null;
    readonly reason: string;
  }[];
}

/** The whole answer: parts that could not be read are `null`. */
export interface SystemView {
  readonly at: number;
  readonly node: string;
  readonly roles: readonly string[];
  readonly started_at: number;
  readonly simulated: boolean;
  readonly ready: boolean;
  /** What keeps the program from its work, and what becomes of the data. */
  readonly reasons: readonly string[];
  /** What else a person should know. */
  readonly warnings: readonly string[];
  readonly feeds: {
    readonly endpoints: readonly EndpointView[];
    readonly feeds: readonly FeedView[];
    readonly per_second: number;
    readonly connections: number;
  } | null;
  readonly instruments: Readonly<
    Record<"live" | "quiet" | "stale" | "down" | "closed", number>
  >;
  readonly waits: {
    /** From the first line of a batch to its place in the buffer. */
    readonly tick_to_buffered: WaitView | null;
    readonly buffered_to_committed: WaitView | null;
    readonly committed_to_browser: WaitView | null;
  };
  readonly buffer: StoreView & {
    readonly entries: number | null;
    readonly bytes: number | null;
    readonly bytes_max: number;
  };
  readonly warehouse: StoreView;
  readonly commits: {
    readonly per_second: number;
    readonly ticks_per_second: number;
    readonly last_at: number | null;
    /** Longest time between two commits of a partition, of the last minutes. */
    readonly gap_ms_max: number | null;
  };
  readonly partitions: readonly PartitionView[] | null;
  readonly processes: readonly string[] | null;
  readonly books: BooksView | null;
  readonly quarantine: {
    readonly counts: Readonly<Record<string, number>>;
    readonly samples: readonly SampleView[];
  } | null;
  readonly gaps: readonly GapView[] | null;
  readonly revisions: {
    readonly last_day: number;
    readonly newest: readonly RevisionView[];
  } | null;
  readonly forecasts: ForecastsView | null;
  readonly streams: {
    readonly open: number;
    readonly max: number;
    /** Cut off as their client read too slowly. */
    readonly evicted: number;
  };
  readonly process: {
    readonly rss_mb: number;
    readonly heap_mb: number;
    readonly event_loop_lag_ms_max: number;
  };
  readonly disk: {
    readonly path: string;
    readonly free_bytes: number;
    readonly total_bytes: number;
  } | null;
  readonly clock: {
    /** Our clock less the warehouse's; `null` where both are the same. */
    readonly ahead_ms: number | null;
  };
}
