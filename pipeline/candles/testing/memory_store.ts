import { assert } from "../../domain/assert.ts";
import {
  type CandleFold,
  type CandleKey,
  type ClosedBy,
  mergeFolds,
  type StoredCandle,
  vwapText,
} from "../../domain/candle.ts";
import { formatScaled } from "../../domain/decimal.ts";
import { type FeedKey, feedKeyText } from "../../domain/entry.ts";
import {
  BASE_INTERVAL,
  ROLLUPS,
  type StoredInterval,
} from "../../domain/interval.ts";
import { type Division, PartitionMap } from "../../domain/partition_map.ts";
import type { RejectReason } from "../../domain/tick.ts";
import { type EpochMicros, epochMicros } from "../../domain/time.ts";
import {
  type AggregateStore,
  BEFORE_FIRST,
  type CandleStep,
  type Commit,
  type CommitResult,
  type CommittedCandle,
  type DirtyRollup,
  type DrainedStream,
  type EntryId,
  type FeedProgress,
  type FeedTotals,
  type FormingMinute,
  type GapRow,
  type PartitionState,
  type QuarantineRow,
} from "../../ports.ts";

/** A row of the candles' table, as the warehouse would hold it. */
export interface CandleRow {
  readonly interval: StoredInterval;
  readonly fold: CandleFold;
  readonly end: EpochMicros;
  readonly closedBy: ClosedBy | null;
  readonly rev: number;
  readonly complete: boolean;
  readonly coverageMs: number;
}

interface Partition {
  leaseEpoch: number;
  /** It was claimed and not given back. */
  held: boolean;
  owner: string | null;
  position: EntryId;
  incarnation: string | null;
  markedAt: EpochMicros | null;
  applied: number;
  readmittedThrough: number;
  readonly progress: Map<string, FeedProgress>;
  readonly feeds: Map<string, FeedTotals>;
  readonly symbols: Set<string>;
  readonly dirty: Map<string, DirtyRollup>;
}

/**
 * An `AggregateStore` in memory, with the rules of the real one said plainly.
 *
 * A commit counts only with the lease and the position that it names. A delta
 * on a closed row adds one to `rev`; a close on a closed row changes nothing,
 * and more coverage of one adds one to `rev` too.
 * A lease lasts until it is released or taken away with `steal`.
 */
export class MemoryStore implements AggregateStore {
  readonly rows = new Map<string, CandleRow>();
  readonly quarantine = new Map<string, QuarantineRow>();
  readonly rejected = new Map<string, number>();
  readonly gaps: GapRow[] = [];
  readonly #partitions = new Map<number, Partition>();

  claim(p: number, owner: string): Promise<PartitionState | null> {
    const partition = this.#partition(p);
    if (partition.owner !== null && partition.owner !== owner) {
      return Promise.resolve(null);
    }
    const lapsed = partition.held;
    partition.held = true;
    partition.owner = owner;
    partition.leaseEpoch++;
    return Promise.resolve({ ...this.state(p), lapsed });
  }

  /** Takes a partition from whoever holds it, as when a lease runs out. */
  steal(p: number): void {
    const partition = this.#partition(p);
    partition.owner = null;
    partition.leaseEpoch++;
  }

  /** What an owner would find; copies, as from a database. */
  state(p: number): PartitionState {
    const partition = this.#partition(p);
    const open: CandleKey[] = [...this.rows.values()]
      .filter((row) =>
        row.closedBy === null && partition.symbols.has(row.fold.symbol)
      )
      .map(({ interval, fold: { symbol, t } }) => ({ symbol, interval, t }));
    return structuredClone({
      p,
      leaseEpoch: partition.leaseEpoch,
      lapsed: partition.held,
      position: partition.position,
      incarnation: partition.incarnation,
      markedAt: partition.markedAt,
      progress: [...partition.progress.values()],
      feeds: [...partition.feeds.values()],
      open,
      readmittedThrough: partition.readmittedThrough,
    });
  }

  commit(commit: Commit): Promise<CommitResult> {
    const partition = this.#partition(commit.p);
    if (
      partition.leaseEpoch !== commit.leaseEpoch ||
      partition.position !== commit.expect
    ) return Promise.resolve({ kind: "fenced" });
    partition.position = commit.next;
    partition.incarnation = commit.incarnation;
    partition.markedAt = commit.markedAt;
    partition.applied += commit.applied;
    partition.readmittedThrough = commit.readmission?.through ??
      partition.readmittedThrough;
    for (const row of commit.progress) {
      partition.progress.set(`${feedKeyText(row.key)}|${row.symbol}`, row);
    }
    for (const { key, symbol } of commit.forgotten) {
      partition.progress.delete(`${feedKeyText(key)}|${symbol}`);
    }
    for (const row of commit.feeds) {
      partition.feeds.set(feedKeyText(row.key), row);
    }
    this.#keepRejects(commit);
    this.gaps.push(...commit.gaps);
    for (const dirty of commit.dirty) {
      const key = rowKey(dirty.interval, dirty.symbol, dirty.t);
      const known = partition.dirty.get(key);
      const closing = known?.closedBy ? known : dirty;
      const { closedBy, coverageMs } = closing;
      partition.dirty.set(key, { ...dirty, closedBy, coverageMs });
    }
    return Promise.resolve({
      kind: "committed",
      candles: this.#writeCandles(commit, partition),
    });
  }

  #keepRejects(commit: Commit): void {
    for (const row of commit.quarantine) {
      const { p, incarnation } = commit;
      const id = `${p}|${incarnation}|${row.entryId}|${row.index}`;
      assert(!this.quarantine.has(id), `${id} is quarantined once`);
      this.quarantine.set(id, row);
    }
    for (const { key, reason, count } of commit.rejected) {
      this.#countReject(key, reason, count);
    }
    for (const { key, seq } of commit.readmitted) {
      for (const [id, row] of this.quarantine) {
        if (feedKeyText(row.key) !== feedKeyText(key)) continue;
        // Readmitted, it may be refused anew, for another reason.
        const { seq: rejected, reason } = row.reject;
        if (rejected !== seq || reason !== "out_of_band") continue;
        this.quarantine.delete(id);
        this.#countReject(row.key, row.reject.reason, -1);
      }
    }
    for (const { incarnation, id, index } of commit.readmission?.rows ?? []) {
      const place = `${commit.p}|${incarnation}|${id}|${index}`;
      const row = this.quarantine.get(place);
      assert(row !== undefined, `${place} is taken back once`);
      this.quarantine.delete(place);
      this.#countReject(row.key, row.reject.reason, -1);
    }
  }

  #countReject(key: FeedKey, reason: RejectReason, count: number): void {
    const name = `${feedKeyText(key)}|${reason}`;
    this.rejected.set(name, (this.rejected.get(name) ?? 0) + count);
  }

  #writeCandles(commit: Commit, partition: Partition): CommittedCandle[] {
    const changes = new Map<string, CommittedCandle["change"]>();
    for (const step of commit.steps) this.#writeStep(step, partition, changes);
    return [...changes].map(([key, change]) => ({
      candle: storedCandle(this.rows.get(key)!),
      change,
    }));
  }

  #writeStep(
    { deltas, closes, recovered }: CandleStep,
    partition: Partition,
    changes: Map<string, CommittedCandle["change"]>,
  ): void {
    const note = (key: string, change: CommittedCandle["change"]) => {
      if (changes.get(key) !== "closed") changes.set(key, change);
    };
    for (const { fold, end } of deltas) {
      partition.symbols.add(fold.symbol);
      const key = rowKey(BASE_INTERVAL, fold.symbol, fold.t);
      const row = this.rows.get(key);
      note(key, row?.closedBy ? "revised" : "updated");
      this.rows.set(key, {
        interval: BASE_INTERVAL,
        fold: row ? mergeFolds(row.fold, fold) : { ...fold },
        end,
        closedBy: row?.closedBy ?? null,
        rev: row?.closedBy ? row.rev + 1 : 0,
        complete: row?.complete ?? false,
        coverageMs: row?.coverageMs ?? 0,
      });
    }
    for (const { symbol, t, closedBy, coverageMs, complete } of closes) {
      const key = rowKey(BASE_INTERVAL, symbol, t);
      const row = this.rows.get(key);
      assert(row !== undefined, `${key} was open before it is closed`);
      if (row.closedBy !== null) continue;
      note(key, "closed");
      this.rows.set(key, { ...row, closedBy, coverageMs, complete });
    }
    for (const { symbol, t, coverageMs, complete } of recovered) {
      const key = rowKey(BASE_INTERVAL, symbol, t);
      const row = this.rows.get(key);
      if (!row?.closedBy) continue;
      if (coverageMs <= row.coverageMs && complete <= row.complete) continue;
      note(key, "revised");
      this.rows.set(key, {
        ...row,
        rev: row.rev + 1,
        coverageMs: Math.max(coverageMs, row.coverageMs),
        complete: complete || row.complete,
      });
    }
  }

  rollUp(p: number, limit: number): Promise<readonly CommittedCandle[]> {
    const { dirty } = this.#partition(p);
    return Promise.resolve(this.#rollUpMarks(dirty, limit));
  }

  #rollUpMarks(
    dirty: Map<string, DirtyRollup>,
    limit: number,
  ): readonly CommittedCandle[] {
    const done: CommittedCandle[] = [];
    for (const { interval, source } of ROLLUPS) {
      for (const [key, mark] of [...dirty]) {
        if (mark.interval !== interval || done.length === limit) continue;
        dirty.delete(key);
        const parts = [...this.rows.values()].filter((row) =>
          row.interval === source && row.fold.symbol === mark.symbol &&
          mark.t <= row.fold.t && row.fold.t < mark.end
        );
        if (parts.length === 0) continue;
        done.push(this.#writeRollup(key, mark, parts));
      }
    }
    return done;
  }

  rollUpForming(
    { p, leaseEpoch }: { readonly p: number; readonly leaseEpoch: number },
    minutes: readonly FormingMinute[],
  ): Promise<readonly CommittedCandle[] | null> {
    const partition = this.#partition(p);
    if (partition.leaseEpoch !== leaseEpoch) return Promise.resolve(null);
    const marks = minutes.flat().map((mark) =>
      [rowKey(mark.interval, mark.symbol, mark.t), mark] as const
    );
    return Promise.resolve(this.#rollUpMarks(new Map(marks), Infinity));
  }

  #writeRollup(
    key: string,
    { interval, t, end, closedBy, coverageMs = 0 }: DirtyRollup,
    parts: readonly CandleRow[],
  ): CommittedCandle {
    const before = this.rows.get(key);
    const said = before?.closedBy ? before.coverageMs : coverageMs;
    const sum = parts.reduce((total, part) => total + part.coverageMs, 0);
    const row: CandleRow = {
      interval,
      fold: parts.map(({ fold }) => ({ ...fold, t })).reduce(mergeFolds),
      end,
      closedBy: before?.closedBy ?? closedBy,
      rev: before?.closedBy ? before.rev + 1 : 0,
      complete: false,
      coverageMs: Math.max(said, sum),
    };
    this.rows.set(key, row);
    const change = before?.closedBy
      ? "revised"
      : closedBy
      ? "closed"
      : "updated";
    return { candle: storedCandle(row), change };
  }

  release(p: number, leaseEpoch: number): Promise<void> {
    const partition = this.#partition(p);
    if (partition.leaseEpoch === leaseEpoch) {
      partition.owner = null;
      partition.held = false;
    }
    return Promise.resolve();
  }

  checkpoint(): Promise<void> {
    return Promise.resolve();
  }

  ownerOf(p: number): string | null {
    return this.#partition(p).owner;
  }

  /** Ticks in candles, by all commits: must be the sum of candles' `n`. */
  appliedOf(p: number): number {
    return this.#partition(p).applied;
  }

  /** How far a partition is committed, and what the books of its feeds say. */
  committedOf(p: number): {
    readonly position: EntryId;
    readonly incarnation: string | null;
    readonly feeds: ReadonlyMap<string, FeedTotals>;
  } {
    return this.#partition(p);
  }

  /**
   * Divides partitions, if all are committed that far: false if not. Whoever
   * has one has it no more.
   */
  dividePartitions(
    map: PartitionMap,
    next: Division,
    drained: readonly DrainedStream[],
  ): boolean {
    const isSame = ({ p, position, incarnation }: DrainedStream) =>
      this.#partition(p).position === position &&
      this.#partition(p).incarnation === incarnation;
    if (!drained.every(isSame)) return false;
    for (let p = 0; p < map.partitions; p++) {
      const whole = this.#partition(p);
      Object.assign(whole, { position: BEFORE_FIRST, incarnation: null });
      this.steal(p);
    }
    const after = new PartitionMap(next, map);
    for (const { part: at, of } of map.partsOf(next)) {
      const [whole, part] = [this.#partition(of), this.#partition(at)];
      part.markedAt = whole.markedAt;
      for (const [key, totals] of whole.feeds) {
        part.feeds.set(key, { ...totals, ...NO_LINES });
      }
      const goes = (symbol: string) => after.of(symbol) === at;
      moveWhere(whole.progress, part.progress, ({ symbol }) => goes(symbol));
      moveWhere(whole.dirty, part.dirty, ({ symbol }) => goes(symbol));
      for (const symbol of [...whole.symbols].filter(goes)) {
        whole.symbols.delete(symbol);
        part.symbols.add(symbol);
      }
    }
    return true;
  }

  dirtyOf(p: number): number {
    return this.#partition(p).dirty.size;
  }

  #partition(p: number): Partition {
    let partition = this.#partitions.get(p);
    if (!partition) {
      partition = {
        leaseEpoch: 0,
        held: false,
        owner: null,
        position: BEFORE_FIRST,
        incarnation: null,
        markedAt: null,
        applied: 0,
        readmittedThrough: 0,
        progress: new Map(),
        feeds: new Map(),
        symbols: new Set(),
        dirty: new Map(),
      };
      this.#partitions.set(p, partition);
    }
    return partition;
  }
}

const NO_LINES = { received: 0, accepted: 0, duplicates: 0, rejected: 0 };

function moveWhere<T>(
  from: Map<string, T>,
  to: Map<string, T>,
  goes: (value: T) => boolean,
): void {
  for (const [key, value] of [...from].filter(([, value]) => goes(value))) {
    from.delete(key);
    to.set(key, value);
  }
}

function rowKey(interval: StoredInterval, symbol: string, t: number): string {
  return `${interval}|${symbol}|${t}`;
}

function storedCandle(row: CandleRow): StoredCandle {
  const { fold } = row;
  const price = (units: number) => formatScaled(units, fold.priceScale);
  return {
    symbol: fold.symbol,
    interval: row.interval,
    t: fold.t,
    end: row.end,
    open: price(fold.open),
    high: price(fold.high),
    low: price(fold.low),
    close: price(fold.close),
    volume: formatScaled(fold.volume, fold.sizeScale),
    vw: vwapText(fold),
    n: fold.n,
    closed: row.closedBy !== null,
    closedBy: row.closedBy,
    rev: row.rev,
    complete: row.complete,
    coverageMs: row.coverageMs,
    origin: "ticks",
    lastTs: epochMicros(fold.lastTs),
  };
}
