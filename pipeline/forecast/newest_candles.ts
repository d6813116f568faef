import type { StoredCandle } from "../domain/candle.ts";
import type { StoredInterval } from "../domain/interval.ts";
import { isNewer } from "../domain/newer_candle.ts";
import type { PartitionLayout } from "../domain/partition_layout.ts";
import {
  BEFORE_FIRST,
  type CandleStore,
  type CommittedCandle,
  compareEntryIds,
  type EntryId,
} from "../ports.ts";

/** Candles kept of each symbol: what a minute's edge asks for. */
const KEPT = 4;

export interface NewestCandlesPorts {
  readonly store: Pick<CandleStore, "latest">;
  readonly layout: PartitionLayout;
  /** Newest committed position known of a partition, whoever committed it. */
  readonly committed: (p: number) => EntryId;
}

/** One-minute candles of one symbol, ascending, the newest `KEPT`. */
interface Kept {
  readonly rows: StoredCandle[];
  /** What was stored before this process had the partition is in `rows`. */
  filled: boolean;
  /** A commit of this process brought the newest one. */
  noted: boolean;
}

interface OwnPartition {
  position: EntryId;
  readonly symbols: Map<string, Kept>;
}

/**
 * The newest one-minute candles, from memory where this process commits them,
 * so that a minute's edge needs no reading; else from the store.
 *
 * Memory holds exactly what the newest known position of a partition stands
 * for: it begins with each claim, and is not used once another process is
 * known to have committed. A candle that is imported beside those of ticks is
 * seen once it has left the newest four. Bounded: four candles a symbol.
 */
export class NewestCandles implements Pick<CandleStore, "latest"> {
  readonly #own = new Map<number, OwnPartition>();

  constructor(private readonly ports: NewestCandlesPorts) {}

  /** This process has claimed a partition: what it knew of it may be old. */
  begin(p: number): void {
    this.#own.set(p, { position: BEFORE_FIRST, symbols: new Map() });
  }

  /** Candles of a commit of this process, in the order of its commits. */
  note(
    p: number,
    position: EntryId,
    candles: readonly CommittedCandle[],
  ): void {
    const own = this.#own.get(p);
    if (own === undefined) return;
    own.position = position;
    for (const { candle } of candles) {
      if (candle.interval !== "1m") continue;
      const kept = keptOf(own, candle.symbol);
      keep(kept.rows, candle);
      if (kept.rows.at(-1) === candle) kept.noted = true;
    }
  }

  async latest(
    symbols: readonly string[],
    interval: StoredInterval,
    limit: number,
  ): Promise<ReadonlyMap<string, readonly StoredCandle[]>> {
    const { store } = this.ports;
    if (interval !== "1m" || limit > KEPT) {
      return await store.latest(symbols, interval, limit);
    }
    const found = new Map<string, readonly StoredCandle[]>();
    const unknown: { readonly symbol: string; readonly own?: OwnPartition }[] =
      [];
    for (const symbol of symbols) {
      const own = this.#current(symbol);
      const kept = own?.symbols.get(symbol);
      if (kept?.filled && kept.noted) {
        found.set(symbol, kept.rows.slice(-limit));
      } else unknown.push({ symbol, own });
    }
    if (unknown.length === 0) return found;
    const read = await store.latest(
      unknown.map(({ symbol }) => symbol),
      interval,
      KEPT,
    );
    for (const { symbol, own } of unknown) {
      const rows = read.get(symbol);
      if (rows === undefined) continue;
      // Claimed anew meanwhile, it may have missed what was committed before.
      if (own === undefined || this.#current(symbol) !== own) {
        found.set(symbol, rows.slice(-limit));
        continue;
      }
      const kept = keptOf(own, symbol);
      for (const row of rows) keep(kept.rows, row);
      kept.filled = true;
      found.set(symbol, kept.rows.slice(-limit));
    }
    return found;
  }

  /** The partition of a symbol, if all of its commits are ours. */
  #current(symbol: string): OwnPartition | undefined {
    const { layout, committed } = this.ports;
    const p = layout.of(symbol);
    const own = this.#own.get(p);
    if (own === undefined) return undefined;
    return compareEntryIds(committed(p), own.position) > 0 ? undefined : own;
  }
}

function keptOf(own: OwnPartition, symbol: string): Kept {
  let kept = own.symbols.get(symbol);
  if (kept === undefined) {
    kept = { rows: [], filled: false, noted: false };
    own.symbols.set(symbol, kept);
  }
  return kept;
}

/** Puts a candle in its place unless more is known of it already. */
function keep(rows: StoredCandle[], candle: StoredCandle): void {
  const at = rows.findLastIndex(({ t }) => t <= candle.t);
  const before = rows[at];
  if (before?.t === candle.t) {
    if (!isNewer(before, candle)) rows[at] = candle;
    return;
  }
  rows.splice(at + 1, 0, candle);
  if (rows.length > KEPT) rows.shift();
}
