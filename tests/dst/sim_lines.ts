import type { FeedKey } from "../../pipeline/domain/entry.ts";
import type { SimRandom } from "./sim_random.ts";

/** A line that a source sends, as it was before anybody read it. */
export interface SimLine {
  readonly seq: number;
  readonly symbol: string;
  /** False: it cannot be read. */
  readonly good: boolean;
  /** Units: microseconds of the event, decided when the run is made. */
  readonly ts: number;
  /** Virtual time from which it can be sent. */
  readonly at: number;
  /** Whole counts of 10^-`priceScale`, as on the wire. */
  readonly price: number;
  readonly priceScale: number;
  readonly size: number;
  /** What its partition goes by: its symbol, or its feed if it has none. */
  readonly home: string;
}

export interface SimFeed {
  readonly key: FeedKey;
  readonly lines: readonly SimLine[];
}

/** What feeds have ticks of. */
export const SYMBOLS = ["AAA", "BBB", "CCC", "DDD"];
const SECOND = 1_000_000;

/**
 * What one feed will send: most lines in order, some late by seconds, some by
 * days, some twice as fine, some unreadable, and now and then a jump in price
 * that lasts.
 */
export function makeFeed(
  name: string,
  { random, count, start, lengthMicros }: {
    readonly random: SimRandom;
    readonly count: number;
    readonly start: number;
    readonly lengthMicros: number;
  },
): SimFeed {
  const key = { feed: name, epoch: 1 };
  const symbols = SYMBOLS.slice(0, random.between(1, SYMBOLS.length));
  const prices = new Map(symbols.map((symbol) => [symbol, 10_000]));
  const jumpAt = random.chance(0.3) ? random.between(1, count) : Infinity;
  const lines: SimLine[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const symbol = random.pick(symbols);
    if (seq === jumpAt) prices.set(symbol, prices.get(symbol)! * 2);
    const drift = prices.get(symbol)! + random.between(-20, 20);
    prices.set(symbol, drift);
    const at = start + Math.floor(lengthMicros * seq / count);
    const good = !random.chance(0.02);
    const fine = random.chance(0.01);
    const spike = random.chance(0.01) ? 3 : 1;
    lines.push({
      seq,
      symbol,
      good,
      ts: at - lateness(random),
      at,
      price: (fine ? drift * 10 + 1 : drift) * spike,
      priceScale: fine ? 3 : 2,
      size: random.between(1, 100),
      home: good ? symbol : name,
    });
  }
  return { key, lines };
}

function lateness(random: SimRandom): number {
  const kind = random.next();
  if (kind < 0.85) return 0;
  if (kind < 0.97) return random.between(0, 3 * SECOND);
  if (kind < 0.99) return random.between(0, 600 * SECOND);
  return random.between(2, 4) * 86_400 * SECOND;
}
