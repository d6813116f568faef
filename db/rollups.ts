import { assert } from "../pipeline/domain/assert.ts";
import { ROLLUPS, type StoredInterval } from "../pipeline/domain/interval.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type {
  Clock,
  CommittedCandle,
  DirtyRollup,
  FormingMinute,
} from "../pipeline/ports.ts";
import type { Buckets } from "./buckets.ts";
import type { CandleMonths } from "./candle_months.ts";
import { candleOf, rowsOfLines } from "./candle_rows.ts";
import { HOLD_PARTITION, ROLL_UP } from "./commit_sql.ts";
import type { Db, Row, Statement } from "./db.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import type { LeaseTerm } from "./lease_term.ts";
import {
  type IdentifiedMark,
  type Marked,
  markedOf,
  onePerRollup,
} from "./rollup_marks.ts";
import { numberArray, textArray, timestampText } from "./sql_values.ts";

/** Intervals that others are made of, the shortest first. */
const SOURCES: ReadonlySet<StoredInterval> = new Set(
  ROLLUPS.map(({ source }) => source),
);

/** Candles that were closed before, or those that were not, a line each. */
interface RolledRow extends Row {
  readonly was_closed: boolean;
  readonly lines: string;
}

/** Longer candles, made anew from the shorter ones in their buckets. */
export class Rollups {
  constructor(
    private readonly db: Db,
    private readonly instruments: PgInstrumentStore,
    private readonly months: CandleMonths,
    private readonly buckets: Buckets,
    private readonly clock: Clock,
    private readonly lease: LeaseTerm,
  ) {}

  /** Those that are marked, about `limit`; empty only if none is. */
  async rollUp(
    p: number,
    limit: number,
  ): Promise<readonly CommittedCandle[]> {
    // Marks whose candles come out as they were give nothing to return; only
    // when no mark is left is the answer empty.
    for (;;) {
      const marked = await this.#marked(p, limit);
      if (marked === null) return [];
      const symbols = new Set(marked.marks.map(({ symbol }) => symbol));
      await this.buckets.know(symbols);
      const changed = await this.#rollUpMarked(marked);
      if (changed.length > 0) return changed;
    }
  }

  /** Those that forming minutes are in; `null` if the lease is not ours. */
  async rollUpForming(
    { p, leaseEpoch }: { readonly p: number; readonly leaseEpoch: number },
    minutes: readonly FormingMinute[],
  ): Promise<readonly CommittedCandle[] | null> {
    const marks = await this.#identified(onePerRollup(minutes.flat()));
    await this.months.ensure(marks.map(({ t }) => t));
    const statements = [...SOURCES].map((source) => ({
      source,
      marks: marks.filter(({ interval }) => sourceOf(interval) === source),
    })).filter(({ marks }) => marks.length > 0)
      .map(({ source, marks }) => this.#statement(source, marks));
    const results = await this.lease.learn(() =>
      this.db.batch([{
        sql: HOLD_PARTITION,
        params: [p, leaseEpoch, this.lease.ms],
        expectRows: 1,
      }, ...statements], { keepPlans: true })
    );
    return results &&
      results.slice(1).flatMap((rows) =>
        (rows as RolledRow[]).flatMap(rolledOf)
      );
  }

  /** Marks of one source interval, the shortest first. */
  async #marked(p: number, limit: number): Promise<Marked | null> {
    for (const source of SOURCES) {
      const intervals = ROLLUPS.filter((rollup) => rollup.source === source)
        .map(({ interval }) => interval);
      const marked = await markedOf(this.db, p, intervals, limit);
      if (marked !== null) return marked;
    }
    return null;
  }

  async #identified(
    marks: readonly DirtyRollup[],
  ): Promise<readonly IdentifiedMark[]> {
    const ids = await this.instruments.find(
      new Set(marks.map(({ symbol }) => symbol)),
    );
    return marks.map((mark) => {
      const instrument = ids.get(mark.symbol);
      assert(instrument !== undefined, `${mark.symbol} was registered`);
      return { ...mark, id: instrument.id };
    });
  }

  async #rollUpMarked(
    { marks, forget }: Marked,
  ): Promise<readonly CommittedCandle[]> {
    await this.months.ensure(marks.map(({ t }) => t));
    const results = await this.db.batch([
      this.#statement(sourceOf(marks[0].interval), marks),
      ...forget,
    ], { keepPlans: true });
    assert(results !== null, "nothing was asked that could be refused");
    return (results[0] as RolledRow[]).flatMap(rolledOf);
  }

  /** Makes candles anew that have the same source. */
  #statement(
    source: StoredInterval,
    marks: readonly IdentifiedMark[],
  ): Statement {
    const times = marks.map(({ t }) => t);
    const ends = marks.map(({ end }) => end);
    const tradingMs = ({ symbol, t, end }: IdentifiedMark) =>
      Math.round(this.buckets.tradingMs(symbol, { start: t, end }));
    return {
      sql: ROLL_UP,
      params: [
        numberArray(marks.map(({ id }) => id)),
        textArray(marks.map(({ interval }) => interval)),
        numberArray(times),
        numberArray(ends),
        textArray(marks.map(({ closedBy }) => closedBy)),
        numberArray(marks.map(tradingMs)),
        source,
        timestampText(Math.min(...times) as EpochMicros),
        timestampText(Math.max(...ends) as EpochMicros),
        timestampText(this.clock.now()),
        numberArray(marks.map(({ coverageMs }) => coverageMs ?? null)),
      ],
    };
  }
}

function sourceOf(interval: StoredInterval): StoredInterval {
  const rollup = ROLLUPS.find((rollup) => rollup.interval === interval);
  assert(rollup !== undefined, `${interval} is rolled up`);
  return rollup.source;
}

function rolledOf({ was_closed, lines }: RolledRow): CommittedCandle[] {
  return rowsOfLines(lines).map((row) => ({
    candle: candleOf(row),
    change: was_closed ? "revised" : row.closed ? "closed" : "updated",
  }));
}
