import { feedOrder } from "../../domain/entry.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../../domain/time.ts";
import type {
  EntryId,
  MinuteSnapshot,
  MinuteStore,
  StoredMinute,
} from "../../ports.ts";
import type { TestTick } from "../../candles/testing/entries.ts";

/** The minute that these ticks of feed `a` make, by hand; scales 2 and 0. */
export function minuteOf(
  ticks: readonly Pick<TestTick, "ts" | "price" | "size" | "seq">[],
  given: Partial<StoredMinute> = {},
): StoredMinute {
  const ordered = ticks.toSorted((a, b) => a.ts - b.ts || a.seq - b.seq);
  const first = ordered[0];
  const last = ordered[ordered.length - 1];
  const text = (cents: number) => (cents / 100).toFixed(2);
  const prices = ticks.map(({ price }) => price);
  const feed = feedOrder({ feed: "a", epoch: 1 });
  return {
    t: epochMicros(
      Math.floor(first.ts / MICROS_PER_MINUTE) * MICROS_PER_MINUTE,
    ),
    open: text(first.price),
    high: text(Math.max(...prices)),
    low: text(Math.min(...prices)),
    close: text(last.price),
    volume: String(ticks.reduce((sum, { size }) => sum + size, 0)),
    notional: text(
      ticks.reduce((sum, { price, size }) => sum + price * size, 0),
    ),
    n: ticks.length,
    firstTs: first.ts,
    firstFeed: feed,
    firstSeq: first.seq,
    lastTs: last.ts,
    lastFeed: feed,
    lastSeq: last.seq,
    closed: true,
    closedBy: "watermark",
    rev: 0,
    coverageMs: 60_000,
    origin: "ticks",
    ...given,
  };
}

/** Minutes that a test sets. */
export class MemoryMinutes implements MinuteStore {
  rows: StoredMinute[] = [];
  position = "0-0" as EntryId;
  incarnation: string | null = null;

  constructor(private readonly symbol: string) {}

  minutes(
    { symbol, from, to, limit, countFrom }: {
      readonly symbol: string;
      readonly from: EpochMicros;
      readonly to: EpochMicros;
      readonly limit: number;
      readonly countFrom: "start" | "end";
    },
  ): Promise<MinuteSnapshot | null> {
    if (symbol !== this.symbol) return Promise.resolve(null);
    const inRange = this.rows.filter(({ t }) => t >= from && t < to)
      .sort((a, b) => a.t - b.t);
    return Promise.resolve({
      position: this.position,
      incarnation: this.incarnation,
      priceScale: 2,
      sizeScale: 0,
      minutes: countFrom === "start"
        ? inRange.slice(0, limit)
        : inRange.slice(-limit),
    });
  }
}
