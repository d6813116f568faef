import { assert } from "../pipeline/domain/assert.ts";
import { type CandleFold, mergeFolds } from "../pipeline/domain/candle.ts";
import { formatScaled } from "../pipeline/domain/decimal.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import type { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type {
  AggregateStore,
  CandleClose,
  CandleCoverage,
  CandleDelta,
  Clock,
  Commit,
  CommitResult,
  CommittedCandle,
  FeedTotals,
  FormingMinute,
  PartitionState,
  QuarantineRow,
} from "../pipeline/ports.ts";
import { AtMost } from "./at_most.ts";
import type { CandleMonths } from "./candle_months.ts";
import { candleOf, type CandleRow, rowsOfLines } from "./candle_rows.ts";
import {
  CLOSE_CANDLES,
  COUNT_REJECTS,
  FORGET_PROGRESS,
  KEEP_PACKS,
  KEEP_REJECTS,
  MERGE_CANDLES,
  MOVE_POSITION,
  READMIT,
  RECOVER_CANDLES,
  SAVE_GAPS,
  SAVE_PROGRESS,
  SAVE_TOTALS,
  TAKE_BACK,
} from "./commit_sql.ts";
import type { Db, Statement } from "./db.ts";
import { packRejects, type RejectPack } from "./pack_rejects.ts";
import { claimPartition, partitionStateOf } from "./partition_state.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import type { LeaseTerm } from "./lease_term.ts";
import { markDirty, onePerRollup } from "./rollup_marks.ts";
import type { Rollups } from "./rollups.ts";
import {
  booleanArray,
  numberArray,
  textArray,
  timestampText,
} from "./sql_values.ts";

/** Whoever claims a thousand partitions leaves connections to the rest. */
const CLAIMS_AT_ONCE = 4;

type Ids = ReadonlyMap<string, Instrument>;

/** Positions, candles and books of the aggregation, each commit as one. */
export class PgAggregateStore implements AggregateStore {
  readonly #claims = new AtMost(CLAIMS_AT_ONCE);
  #syncing: Promise<void> | null = null;
  #syncingNext: Promise<void> | null = null;

  constructor(
    private readonly db: Db,
    private readonly instruments: PgInstrumentStore,
    private readonly months: CandleMonths,
    private readonly rollups: Rollups,
    private readonly clock: Clock,
    /** How long an owner that went silent keeps its partition. */
    private readonly lease: LeaseTerm,
    /** Makes all that was committed safe from power loss. */
    private readonly makeSafe: () => Promise<void>,
    /** Only its streams are claimed. */
    private readonly layout: PartitionLayout,
  ) {}

  claim(p: number, owner: string): Promise<PartitionState | null> {
    return this.#claims.run(() =>
      this.lease.learn(async () => {
        const results = await this.db.batch(
          claimPartition(p, owner, this.lease.ms, this.layout.now.tag),
        );
        return results && partitionStateOf(p, results);
      })
    );
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const steps = commit.steps.map((step) => ({
      ...step,
      deltas: onePerBucket(step.deltas),
    }));
    const folds = steps.flatMap(({ deltas }) => deltas.map(({ fold }) => fold));
    const dirty = onePerRollup(commit.dirty);
    await this.months.ensure([...folds, ...dirty].map(({ t }) => t));
    const ids = await this.instruments.admit(scalesIn(commit, folds));
    const now = timestampText(this.clock.now());

    const changes = steps.map((step) => ({
      merge: mergeCandles(step.deltas, ids, now),
      close: closeCandles(step.closes, ids, now),
      recover: recoverCandles(step.recovered, ids, now),
    }));
    const { rows, packs } = packRejects(commit.quarantine);
    const statements = [
      movePosition(commit, packs, this.lease.ms),
      ...changes.flatMap(({ merge, close, recover }) => [
        merge,
        close,
        recover,
      ]),
      markDirty(commit.p, dirty, ids),
      saveProgress(commit, ids),
      forgetProgress(commit, ids),
      saveTotals(commit),
      countRejects(commit),
      keepRejects(commit, rows),
      keepPacks(commit, packs),
      readmit(commit),
      takeBack(commit),
      saveGaps(commit),
    ].filter((statement) => statement !== null);

    const results = await this.lease.learn(() =>
      this.db.batch(statements, { keepPlans: true })
    );
    if (results === null) return { kind: "fenced" };
    const rowsOf = (statement: Statement | null) =>
      statement === null ? [] : rowsOfLines(
        results[statements.indexOf(statement)][0].lines as string | null,
      );
    return {
      kind: "committed",
      candles: touched(changes.map(({ merge, close, recover }) => ({
        merged: rowsOf(merge),
        closed: rowsOf(close),
        recovered: rowsOf(recover),
      }))),
    };
  }

  rollUp(p: number, limit: number): Promise<readonly CommittedCandle[]> {
    return this.rollups.rollUp(p, limit);
  }

  rollUpForming(
    lease: { readonly p: number; readonly leaseEpoch: number },
    minutes: readonly FormingMinute[],
  ): Promise<readonly CommittedCandle[] | null> {
    return this.rollups.rollUpForming(lease, minutes);
  }

  async release(p: number, leaseEpoch: number): Promise<void> {
    await this.db.query(
      `update offsets set lease_until = '-infinity'
        where p = $1::int and lease_epoch = $2::int8`,
      [p, leaseEpoch],
    );
  }

  /** Streams that ask while one is under way share the next one. */
  checkpoint(): Promise<void> {
    if (this.#syncing === null) return this.#syncing = this.#sync();
    this.#syncingNext ??= this.#syncing.catch(() => {}).then(() => {
      this.#syncingNext = null;
      return this.#syncing = this.#sync();
    });
    return this.#syncingNext;
  }

  async #sync(): Promise<void> {
    try {
      await this.makeSafe();
    } finally {
      if (this.#syncingNext === null) this.#syncing = null;
    }
  }
}

/** The candles of a commit, as they are after all of its steps. */
function touched(
  steps: readonly {
    readonly merged: readonly CandleRow[];
    readonly closed: readonly CandleRow[];
    readonly recovered: readonly CandleRow[];
  }[],
): readonly CommittedCandle[] {
  const [first, ...more] = steps;
  const plain = more.length === 0 && first?.closed.length === 0 &&
    first.recovered.length === 0;
  // Nothing comes to a candle twice.
  if (plain) {
    return first.merged.map((row) => ({
      candle: candleOf(row),
      change: row.closed ? "revised" : "updated",
    }));
  }
  type Change = CommittedCandle["change"];
  const byKey = new Map<string, { row: CandleRow; change: Change }>();
  const note = (row: CandleRow, change: Change) => {
    const key = `${row.symbol} ${row.t}`;
    const closed = byKey.get(key)?.change === "closed";
    byKey.set(key, { row, change: closed ? "closed" : change });
  };
  for (const { merged, closed, recovered } of steps) {
    // One that is closed after a merge was closed before it.
    for (const row of merged) note(row, row.closed ? "revised" : "updated");
    for (const row of closed) note(row, "closed");
    for (const row of recovered) note(row, "revised");
  }
  return Array.from(
    byKey.values(),
    ({ row, change }) => ({ candle: candleOf(row), change }),
  );
}

/** One statement cannot merge two rows into one candle. */
function onePerBucket(deltas: readonly CandleDelta[]): readonly CandleDelta[] {
  const symbols = new Set(deltas.map(({ fold }) => fold.symbol));
  if (symbols.size === deltas.length) return deltas;
  const byBucket = new Map<string, CandleDelta>();
  for (const delta of deltas) {
    const key = `${delta.fold.symbol} ${delta.fold.t}`;
    const known = byBucket.get(key);
    byBucket.set(
      key,
      known
        ? { fold: mergeFolds(known.fold, delta.fold), end: delta.end }
        : delta,
    );
  }
  return [...byBucket.values()];
}

/** Every symbol of a commit, with the decimals that its folds need. */
function scalesIn(commit: Commit, folds: readonly CandleFold[]) {
  const scales = new Map<string, { priceScale: number; sizeScale: number }>();
  const need = (symbol: string, priceScale: number, sizeScale: number) => {
    const known = scales.get(symbol);
    scales.set(symbol, {
      priceScale: Math.max(priceScale, known?.priceScale ?? 0),
      sizeScale: Math.max(sizeScale, known?.sizeScale ?? 0),
    });
  };
  for (const { symbol, priceScale, sizeScale } of folds) {
    need(symbol, priceScale, sizeScale);
  }
  for (const { closes, recovered } of commit.steps) {
    for (const { symbol } of [...closes, ...recovered]) need(symbol, 0, 0);
  }
  for (const { symbol } of commit.dirty) need(symbol, 0, 0);
  for (const { symbol } of commit.progress) need(symbol, 0, 0);
  for (const { symbol } of commit.forgotten) need(symbol, 0, 0);
  return scales;
}

function idsOf(rows: readonly { symbol: string }[], ids: Ids): string {
  return numberArray(rows.map(({ symbol }) => {
    const instrument = ids.get(symbol);
    assert(instrument !== undefined, `instrument ${symbol} was registered`);
    return instrument.id;
  }));
}

function movePosition(
  commit: Commit,
  packs: readonly RejectPack[],
  leaseMs: number,
): Statement {
  const packed = sumOf(packs);
  return {
    sql: MOVE_POSITION,
    params: [
      commit.p,
      commit.leaseEpoch,
      commit.expect,
      commit.next,
      commit.incarnation,
      commit.markedAt === null ? null : timestampText(commit.markedAt),
      commit.applied,
      sumOf(commit.rejected) - packed,
      leaseMs,
      packed,
    ],
    expectRows: 1,
  };
}

function sumOf(counts: readonly { readonly count: number }[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

function mergeCandles(
  deltas: readonly CandleDelta[],
  ids: Ids,
  now: string,
): Statement | null {
  if (deltas.length === 0) return null;
  const folds = deltas.map(({ fold }) => fold);
  const price = (key: "open" | "high" | "low" | "close") =>
    `{${folds.map((fold) => formatScaled(fold[key], fold.priceScale))}}`;
  const whole = (key: keyof CandleFold) =>
    numberArray(folds.map((fold) => fold[key] as number));
  return {
    sql: MERGE_CANDLES,
    params: [
      idsOf(folds, ids),
      whole("t"),
      numberArray(deltas.map(({ end }) => end)),
      price("open"),
      price("high"),
      price("low"),
      price("close"),
      `{${folds.map((fold) => formatScaled(fold.volume, fold.sizeScale))}}`,
      `{${
        folds.map((fold) =>
          formatScaled(fold.notional, fold.priceScale + fold.sizeScale)
        )
      }}`,
      whole("n"),
      whole("firstTs"),
      whole("firstFeed"),
      whole("firstSeq"),
      whole("lastTs"),
      whole("lastFeed"),
      whole("lastSeq"),
      ...boundsOf(folds),
      now,
    ],
  };
}

function closeCandles(
  closes: readonly CandleClose[],
  ids: Ids,
  now: string,
): Statement | null {
  if (closes.length === 0) return null;
  return {
    sql: CLOSE_CANDLES,
    params: [
      idsOf(closes, ids),
      numberArray(closes.map(({ t }) => t)),
      textArray(closes.map(({ closedBy }) => closedBy)),
      numberArray(closes.map(({ coverageMs }) => Math.round(coverageMs))),
      booleanArray(closes.map(({ complete }) => complete)),
      ...boundsOf(closes),
      now,
    ],
  };
}

function recoverCandles(
  recovered: readonly CandleCoverage[],
  ids: Ids,
  now: string,
): Statement | null {
  if (recovered.length === 0) return null;
  return {
    sql: RECOVER_CANDLES,
    params: [
      idsOf(recovered, ids),
      numberArray(recovered.map(({ t }) => t)),
      numberArray(recovered.map(({ coverageMs }) => Math.round(coverageMs))),
      booleanArray(recovered.map(({ complete }) => complete)),
      ...boundsOf(recovered),
      now,
    ],
  };
}

/** Earliest and latest t, for the planner to leave out the other months. */
function boundsOf(rows: readonly { t: EpochMicros }[]): [string, string] {
  let min = rows[0].t;
  let max = min;
  for (const { t } of rows) {
    if (t < min) min = t;
    if (t > max) max = t;
  }
  return [timestampText(min), timestampText(max)];
}

function saveProgress({ p, progress }: Commit, ids: Ids): Statement | null {
  if (progress.length === 0) return null;
  return {
    sql: SAVE_PROGRESS,
    params: [
      p,
      textArray(progress.map(({ key }) => key.feed)),
      numberArray(progress.map(({ key }) => key.epoch)),
      idsOf(progress, ids),
      numberArray(progress.map(({ maxEvent }) => maxEvent)),
      numberArray(progress.map(({ lastReceived }) => lastReceived)),
      booleanArray(progress.map(({ replay }) => replay)),
      booleanArray(progress.map(({ ended }) => ended)),
    ],
  };
}

function forgetProgress({ p, forgotten }: Commit, ids: Ids): Statement | null {
  if (forgotten.length === 0) return null;
  return {
    sql: FORGET_PROGRESS,
    params: [
      p,
      textArray(forgotten.map(({ key }) => key.feed)),
      numberArray(forgotten.map(({ key }) => key.epoch)),
      idsOf(forgotten, ids),
    ],
  };
}

function saveTotals({ p, feeds }: Commit): Statement | null {
  if (feeds.length === 0) return null;
  const numbers = (key: keyof FeedTotals) =>
    numberArray(feeds.map((feed) => feed[key] as number | null));
  return {
    sql: SAVE_TOTALS,
    params: [
      p,
      textArray(feeds.map(({ key }) => key.feed)),
      numberArray(feeds.map(({ key }) => key.epoch)),
      textArray(feeds.map(({ delivery }) => delivery)),
      booleanArray(feeds.map(({ replay }) => replay)),
      booleanArray(feeds.map(({ connected }) => connected)),
      numbers("lastSeq"),
      numbers("received"),
      numbers("accepted"),
      numbers("duplicates"),
      numbers("rejected"),
      numbers("coveredFrom"),
      numbers("coveredTo"),
      numbers("lastEvent"),
      numbers("awaySince"),
      textArray(feeds.map(({ node }) => node)),
    ],
  };
}

function countRejects({ p, rejected }: Commit): Statement | null {
  if (rejected.length === 0) return null;
  return {
    sql: COUNT_REJECTS,
    params: [
      p,
      textArray(rejected.map(({ key }) => key.feed)),
      numberArray(rejected.map(({ key }) => key.epoch)),
      textArray(rejected.map(({ reason }) => reason)),
      numberArray(rejected.map(({ count }) => count)),
    ],
  };
}

function keepRejects(
  { p, incarnation }: Commit,
  rows: readonly QuarantineRow[],
): Statement | null {
  if (rows.length === 0) return null;
  const text = (values: (string | null)[]) => textArray(values);
  return {
    sql: KEEP_REJECTS,
    params: [
      p,
      text(rows.map(({ entryId }) => entryId)),
      numberArray(rows.map(({ index }) => index)),
      text(rows.map(({ key }) => key.feed)),
      numberArray(rows.map(({ key }) => key.epoch)),
      numberArray(rows.map(({ receivedAt }) => receivedAt)),
      numberArray(rows.map(({ reject }) => reject.seq)),
      numberArray(rows.map(({ reject }) => reject.line)),
      text(rows.map(({ reject }) => reject.reason)),
      text(rows.map(({ reject }) => reject.detail)),
      text(rows.map(({ reject }) => reject.symbol)),
      numberArray(rows.map(({ reject }) => reject.ts)),
      text(rows.map(({ reject }) => reject.raw)),
      incarnation,
    ],
  };
}

function keepPacks(
  { p, incarnation }: Commit,
  packs: readonly RejectPack[],
): Statement | null {
  if (packs.length === 0) return null;
  return {
    sql: KEEP_PACKS,
    params: [
      p,
      textArray(packs.map(({ entryId }) => entryId)),
      textArray(packs.map(({ key }) => key.feed)),
      numberArray(packs.map(({ key }) => key.epoch)),
      numberArray(packs.map(({ receivedAt }) => receivedAt)),
      numberArray(packs.map(({ count }) => count)),
      numberArray(packs.map(({ from }) => from)),
      numberArray(packs.map(({ to }) => to)),
      textArray(packs.map(({ days }) => days && numberArray(days))),
      textArray(packs.map(({ reasons }) => textArray(reasons))),
      textArray(packs.map(({ symbols }) => symbols && textArray(symbols))),
      packs.map(({ lines }) => lines).join("\n"),
      incarnation,
    ],
  };
}

function readmit({ p, readmitted }: Commit): Statement | null {
  if (readmitted.length === 0) return null;
  return {
    sql: READMIT,
    params: [
      p,
      textArray(readmitted.map(({ key }) => key.feed)),
      numberArray(readmitted.map(({ key }) => key.epoch)),
      numberArray(readmitted.map(({ seq }) => seq)),
    ],
  };
}

function takeBack({ p, readmission }: Commit): Statement | null {
  if (readmission === undefined) return null;
  const { through, rows } = readmission;
  return {
    sql: TAKE_BACK,
    params: [
      p,
      textArray(rows.map(({ incarnation }) => incarnation)),
      textArray(rows.map(({ id }) => id)),
      numberArray(rows.map(({ index }) => index)),
      through,
    ],
  };
}

function saveGaps({ p, gaps }: Commit): Statement | null {
  if (gaps.length === 0) return null;
  return {
    sql: SAVE_GAPS,
    params: [
      p,
      textArray(gaps.map(({ key }) => key.feed)),
      numberArray(gaps.map(({ key }) => key.epoch)),
      textArray(gaps.map(({ kind }) => kind)),
      numberArray(gaps.map(({ from }) => from)),
      numberArray(gaps.map(({ to }) => to)),
      numberArray(gaps.map(({ seq }) => seq?.from ?? 0)),
      numberArray(gaps.map(({ seq }) => seq?.to ?? 0)),
    ],
  };
}
