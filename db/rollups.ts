import { assert } from "../pipeline/domain/assert.ts";
import type { ClosedBy } from "../pipeline/domain/candle.ts";
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
import { CLEAN_ROLLUPS, HOLD_PARTITION, ROLL_UP } from "./commit_sql.ts";
import type { Db, Row, Statement } from "./db.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import type { LeaseTerm } from "./lease_term.ts";
import { micros, numberArray, textArray, timestampText } from "./sql_values.ts";

/** Intervals that others are made of, the shortest first. */
const SOURCES: ReadonlySet<StoredInterval> = new Set(
  ROLLUPS.map(({ source }) => source),
);

interface IdentifiedMark extends DirtyRollup {
  /** Of the instrument. */
  readonly id: number;
}

/** A mark as it is kept. */
interface Mark extends IdentifiedMark {
  readonly generation: number;
}

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

  /** Those that are marked, up to `limit`; empty only if none is. */
  async rollUp(
    p: number,
    limit: number,
  ): Promise<readonly CommittedCandle[]> {
    // Marks whose candles come out as they were give nothing to return; only
    // when no mark is left is the answer empty.
    for (;;) {
      const marks = await this.#marked(p, limit);
      if (marks.length === 0) return [];
      await this.buckets.know(new Set(marks.map(({ symbol }) => symbol)));
      const changed = await this.#rollUpMarks(p, marks);
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
  async #marked(p: number, limit: number): Promise<readonly Mark[]> {
    for (const source of SOURCES) {
      const intervals = ROLLUPS.filter((rollup) => rollup.source === source)
        .map(({ interval }) => interval);
      const rows = await this.db.query(
        `select m.instrument_id, i.symbol, m.interval,
            to_micros(m.t)::float8 as t, to_micros(m.end_t)::float8 as end_t,
            m.closed_by, m.coverage_ms::float8 as coverage_ms,
            m.generation::float8 as generation
          from rollup_dirty m join instruments i on i.id = m.instrument_id
          where m.p = $1::int and m.interval = any (($2::text)::text[])
          order by m.t limit $3::int`,
        [p, textArray(intervals), limit],
      );
      if (rows.length === 0) continue;
      return rows.map((row) => ({
        id: row.instrument_id as number,
        symbol: row.symbol as string,
        interval: row.interval as StoredInterval,
        t: micros(row.t),
        end: micros(row.end_t),
        closedBy: row.closed_by as ClosedBy | null,
        coverageMs: row.coverage_ms as number ?? undefined,
        generation: row.generation as number,
      }));
    }
    return [];
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

  async #rollUpMarks(
    p: number,
    marks: readonly Mark[],
  ): Promise<readonly CommittedCandle[]> {
    await this.months.ensure(marks.map(({ t }) => t));
    const results = await this.db.batch([
      this.#statement(sourceOf(marks[0].interval), marks),
      {
        sql: CLEAN_ROLLUPS,
        params: [
          p,
          numberArray(marks.map(({ id }) => id)),
          textArray(marks.map(({ interval }) => interval)),
          numberArray(marks.map(({ t }) => t)),
          numberArray(marks.map(({ generation }) => generation)),
        ],
      },
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

/** Each longer candle once; what closes one first has closed it. */
export function onePerRollup(
  dirty: readonly DirtyRollup[],
): readonly DirtyRollup[] {
  const byBucket = new Map<string, DirtyRollup>();
  for (const mark of dirty) {
    const key = `${mark.symbol} ${mark.interval} ${mark.t}`;
    const known = byBucket.get(key);
    const { closedBy, coverageMs } = known?.closedBy ? known : mark;
    byBucket.set(key, { ...mark, closedBy, coverageMs });
  }
  return [...byBucket.values()];
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
