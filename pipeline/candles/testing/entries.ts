import type { FeedKey, StreamEntry } from "../../domain/entry.ts";
import { streamEntry } from "../../domain/entry.ts";
import { type Reject, tickColumns } from "../../domain/tick.ts";
import { type EpochMicros, epochMicros } from "../../domain/time.ts";
import type { EntryId, ReadEntry } from "../../ports.ts";

/** One tick as an object: for tests, where being plain counts. */
export interface TestTick {
  readonly symbol: string;
  readonly ts: number;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
}

/** An entry with ticks, at price scale 2 and size scale 0. */
export function ticksEntry(
  key: FeedKey,
  ticks: readonly TestTick[],
  more: Partial<StreamEntry> & Pick<StreamEntry, "receivedAt">,
): StreamEntry {
  const symbols = [...new Set(ticks.map(({ symbol }) => symbol))];
  const columns = tickColumns(ticks.length);
  columns.length = ticks.length;
  for (const [i, tick] of ticks.entries()) {
    columns.symbol[i] = symbols.indexOf(tick.symbol);
    columns.ts[i] = tick.ts;
    columns.price[i] = tick.price;
    columns.size[i] = tick.size;
    columns.seq[i] = tick.seq;
  }
  const { rejects = [], readmitted = [], duplicates = 0 } = more;
  return streamEntry({
    kind: "ticks",
    key,
    delivery: "acked",
    received: ticks.length + rejects.length + duplicates - readmitted.length,
    symbols: symbols.map((symbol) => ({
      symbol,
      priceScale: 2,
      sizeScale: 0,
    })),
    ticks: columns,
    ...more,
  });
}

export function markEntry(time: number): StreamEntry {
  return streamEntry({ kind: "mark", receivedAt: epochMicros(time) });
}

export function reject(seq: number | null, more: Partial<Reject> = {}): Reject {
  return {
    seq,
    line: 1,
    reason: "price_not_positive",
    detail: "price must be > 0, got 0",
    symbol: null,
    ts: null,
    raw: "{}",
    ...more,
  };
}

/** Numbers entries as a buffer would. */
export function withIds(
  entries: readonly StreamEntry[],
  first = 1,
): readonly ReadEntry[] {
  return entries.map((entry, i) => ({
    id: `${1_700_000_000_000 + first + i}-0` as EntryId,
    entry,
  }));
}

/** A moment of a fixed day, whole minutes and seconds after its start. */
export function moment(minutes: number, seconds = 0): EpochMicros {
  return epochMicros(
    1_764_028_800_000_000 + minutes * 60_000_000 +
      Math.round(seconds * 1_000_000),
  );
}
