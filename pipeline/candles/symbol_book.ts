import type { Calendar } from "../domain/calendar.ts";
import type { StreamEntry } from "../domain/entry.ts";
import {
  BASE_INTERVAL,
  ROLLUPS,
  type StoredInterval,
} from "../domain/interval.ts";
import { type EpochMicros, epochMicros, laterOf } from "../domain/time.ts";
import type { FeedProgress, FormingMinute } from "../ports.ts";
import type { CandlePlace, CandleSteps } from "./candle_steps.ts";
import type { FeedBook } from "./feed_book.ts";

/** Where a candle begins and ends. */
export interface Bucket {
  readonly interval: StoredInterval;
  readonly t: EpochMicros;
  readonly end: EpochMicros;
  /** When it is over: `end`, or the close of the day's last session. */
  readonly closeAt: EpochMicros;
}

export interface OpenCandle extends Bucket {
  /** Its row may be closed already, so that each entry is a revision. */
  readonly settled: boolean;
  /** Of a minute: the longer ones that it is in. */
  longer: readonly OpenCandle[];
  /** The marks of those, the same ones as long as those are open. */
  marks: FormingMinute;
  /** How many candles of its symbol had closed when those were open. */
  marksAt: number;
  /** Whether it is among its symbol's open candles. */
  isOpen: boolean;
  /** Where it is in the steps that were asked last, and the name of those. */
  place: CandlePlace | null;
  steps: number | null;
}

/** How far a feed has come in an instrument. */
export interface FeedReach {
  readonly feed: FeedBook;
  readonly row: { -readonly [K in keyof FeedProgress]: FeedProgress[K] };
}

/** What is known of an instrument: its open candles, and how far its feeds are. */
export class SymbolBook {
  readonly #reaches = new Map<FeedBook, FeedReach>();
  /** Of the feed that was asked for last. */
  #reach: FeedReach | null = null;
  readonly #open = new Map<string, OpenCandle>();
  /** The minute that took ticks last. */
  #minute: OpenCandle | null = null;
  /** Newest bucket looked up, of each interval. */
  readonly #buckets = new Map<StoredInterval, Bucket>();
  #newest = -Infinity;
  #nextCloseAt = Infinity;
  #lastOpenAt = -Infinity;
  /** How many of its candles have closed. */
  #closes = 0;

  constructor(readonly symbol: string, readonly calendar: Calendar) {}

  /** Highest event time of any feed. */
  get newest(): number {
    return this.#newest;
  }

  /** No open candle is over before this time. */
  get nextCloseAt(): number {
    return this.#nextCloseAt;
  }

  /** No open candle begins after this time. */
  get lastOpenAt(): number {
    return this.#lastOpenAt;
  }

  get open(): Iterable<OpenCandle> {
    return this.#open.values();
  }

  get reaches(): Iterable<FeedReach> {
    return this.#reaches.values();
  }

  /** How far a feed has come, if it has brought anything. */
  reachOf(feed: FeedBook): FeedReach | null {
    if (this.#reach?.feed === feed) return this.#reach;
    const reach = this.#reaches.get(feed);
    if (reach === undefined) return null;
    return this.#reach = reach;
  }

  /** Keeps how far a feed has come, as it was stored. */
  restore(reach: FeedReach): void {
    this.#reaches.set(reach.feed, reach);
    this.#newest = Math.max(this.#newest, reach.row.maxEvent);
  }

  forget({ feed }: FeedReach): void {
    this.#reaches.delete(feed);
    this.#reach = null;
  }

  /** A feed has come as far as `maxEvent` with an entry. */
  advance(feed: FeedBook, entry: StreamEntry, maxEvent: number): FeedReach {
    let reach = this.reachOf(feed);
    if (!reach) {
      reach = {
        feed,
        row: {
          key: feed.totals.key,
          symbol: this.symbol,
          maxEvent: epochMicros(maxEvent),
          lastReceived: entry.receivedAt,
          replay: entry.replay,
          ended: false,
        },
      };
      this.#reaches.set(feed, reach);
    }
    const { row } = reach;
    row.maxEvent = laterOf(row.maxEvent, epochMicros(maxEvent));
    row.lastReceived = laterOf(row.lastReceived, entry.receivedAt);
    row.replay = entry.replay;
    row.ended = false;
    this.#newest = Math.max(this.#newest, maxEvent);
    return reach;
  }

  /** The minute that a moment lies in, opened if it is not. */
  minute(t: EpochMicros): OpenCandle {
    const minute = this.#minute;
    if (minute?.isOpen && minute.t <= t && t < minute.end) return minute;
    return this.#minute = this.#openAt(BASE_INTERVAL, t);
  }

  /** Where one of its minutes is in these steps. */
  placeOf(minute: OpenCandle, steps: CandleSteps): CandlePlace {
    if (minute.place !== null && minute.steps === steps.id) return minute.place;
    minute.steps = steps.id;
    const { symbol } = this;
    return minute.place = steps.placeOf({ symbol, t: minute.t });
  }

  /** Marks of the longer candles that a minute is in, all of them open. */
  marksOf(minute: OpenCandle): FormingMinute {
    if (minute.marksAt === this.#closes) return minute.marks;
    minute.marksAt = this.#closes;
    const { longer } = minute;
    if (longer.length > 0 && longer.every(({ isOpen }) => isOpen)) {
      return minute.marks;
    }
    minute.longer = ROLLUPS.map(({ interval }) =>
      this.#openAt(interval, minute.t)
    );
    const { symbol } = this;
    return minute.marks = minute.longer.map(({ interval, t, end }) => ({
      symbol,
      interval,
      t,
      end,
      closedBy: null,
    }));
  }

  /** Keeps a candle as open that may be closed in the warehouse or not. */
  keepOpen(bucket: Bucket, settled: boolean): OpenCandle {
    const candle: OpenCandle = {
      ...bucket,
      settled,
      longer: [],
      marks: [],
      marksAt: -1,
      isOpen: true,
      place: null,
      steps: null,
    };
    this.#open.set(openKey(candle), candle);
    this.#nextCloseAt = Math.min(this.#nextCloseAt, candle.closeAt);
    this.#lastOpenAt = Math.max(this.#lastOpenAt, candle.t);
    return candle;
  }

  /** Lets go of open candles that something ends, and gives each to `closed`. */
  closeThose<By>(
    endOf: (candle: OpenCandle) => By | null,
    closed: (candle: OpenCandle, by: By) => void,
  ): void {
    for (const [key, candle] of this.#open) {
      const by = endOf(candle);
      if (by === null) continue;
      this.#open.delete(key);
      candle.isOpen = false;
      this.#closes++;
      closed(candle, by);
    }
    this.#nextCloseAt = Infinity;
    for (const { closeAt } of this.#open.values()) {
      this.#nextCloseAt = Math.min(this.#nextCloseAt, closeAt);
    }
  }

  /** The bucket that a moment lies in. */
  bucket(interval: StoredInterval, t: EpochMicros): Bucket {
    const known = this.#buckets.get(interval);
    if (known && known.t <= t && t < known.end) return known;
    const { calendar } = this;
    const { start, end } = calendar.bucketAt(interval, t);
    const closeAt = interval === "1d"
      ? calendar.sessionsBetween(start, end).at(-1)?.close ?? end
      : end;
    const bucket = { interval, t: start, end, closeAt };
    this.#buckets.set(interval, bucket);
    return bucket;
  }

  #openAt(interval: StoredInterval, t: EpochMicros): OpenCandle {
    const bucket = this.bucket(interval, t);
    return this.#open.get(openKey(bucket)) ??
      this.keepOpen(bucket, this.#newest >= bucket.t);
  }
}

function openKey({ interval, t }: Bucket): string {
  return `${interval}|${t}`;
}
