import { formatScaled } from "../domain/decimal.ts";
import { type EpochMicros, epochMicros } from "../domain/time.ts";
import type { SymbolTicks } from "./symbol_ticks.ts";

/** The fold of the ticks of one bucket, in decimal text. */
export interface TickFold {
  readonly t: EpochMicros;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly notional: string;
  readonly n: number;
  readonly firstTs: number;
  readonly firstFeed: number;
  readonly firstSeq: number;
  readonly lastTs: number;
  readonly lastFeed: number;
  readonly lastSeq: number;
}

/**
 * Folds ticks into buckets of so many microseconds, counted from 1970: the
 * plain way, as a group-by over ticks in their order.
 *
 * @param scales Decimals of the text; more if the ticks have more.
 */
export function foldTicks(
  ticks: SymbolTicks,
  micros: number,
  scales: { readonly priceScale: number; readonly sizeScale: number },
): readonly TickFold[] {
  const priceScale = Math.max(scales.priceScale, ticks.priceScale);
  const sizeScale = Math.max(scales.sizeScale, ticks.sizeScale);
  const folds: TickFold[] = [];
  for (let first = 0; first < ticks.length;) {
    const t = Math.floor(ticks.ts[first] / micros) * micros;
    let last = first;
    while (last + 1 < ticks.length && ticks.ts[last + 1] < t + micros) last++;
    folds.push(foldRun(ticks, {
      t: epochMicros(t),
      first,
      last,
      priceScale,
      sizeScale,
    }));
    first = last + 1;
  }
  return folds;
}

function foldRun(
  ticks: SymbolTicks,
  { t, first, last, priceScale, sizeScale }: {
    readonly t: EpochMicros;
    readonly first: number;
    readonly last: number;
    readonly priceScale: number;
    readonly sizeScale: number;
  },
): TickFold {
  let high = -Infinity;
  let low = Infinity;
  let volume = 0n;
  let notional = 0n;
  for (let i = first; i <= last; i++) {
    const price = ticks.price[i];
    const size = ticks.size[i];
    high = Math.max(high, price);
    low = Math.min(low, price);
    volume += BigInt(size);
    notional += BigInt(price) * BigInt(size);
  }
  const morePrice = priceScale - ticks.priceScale;
  const moreSize = sizeScale - ticks.sizeScale;
  const text = (units: number | bigint, scale: number, more: number) =>
    formatScaled(BigInt(units) * 10n ** BigInt(more), scale);
  const price = (units: number) => text(units, priceScale, morePrice);
  return {
    t,
    open: price(ticks.price[first]),
    high: price(high),
    low: price(low),
    close: price(ticks.price[last]),
    volume: text(volume, sizeScale, moreSize),
    notional: text(notional, priceScale + sizeScale, morePrice + moreSize),
    n: last - first + 1,
    firstTs: ticks.ts[first],
    firstFeed: ticks.feed[first],
    firstSeq: ticks.seq[first],
    lastTs: ticks.ts[last],
    lastFeed: ticks.feed[last],
    lastSeq: ticks.seq[last],
  };
}
