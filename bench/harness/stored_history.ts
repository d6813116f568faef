import { CandleMonths } from "../../db/candle_months.ts";
import type { Db } from "../../db/db.ts";
import { PgInstrumentStore } from "../../db/instrument_store.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { timestampText } from "../../db/sql_values.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import {
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MS,
} from "../../pipeline/domain/time.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { symbolName } from "./prepared_ticks.ts";

/** Of one statement, so that it takes a second or so. */
const DAYS_AT_ONCE = 10;
const MINUTES_A_DAY = 1_440;
export const YEARS_OF_DAYS = 10;
const DAYS_A_YEAR = 365;

export interface HistoryPlan {
  readonly symbols: number;
  /** Days of one-minute candles of each, without a gap. */
  readonly days: number;
  /** When they end, in Unix milliseconds, on a whole day of UTC. */
  readonly endMs: number;
  readonly partitions: number;
}

/**
 * `$1` instrument, `$2` from, `$3` to, `$4` interval, `$5` its length, `$6` the
 * end of the history, from which prices are counted.
 */
const INSERT = `
  insert into candles (instrument_id, interval, t, end_t, open, high, low,
    close, volume, notional, n, closed, closed_by, complete, coverage_ms, rev,
    origin, known_from, updated_at)
  select $1::int, $4, t, t + ($5::text)::interval, p, p + 0.40, p - 0.35,
    p + 0.15, k % 500, null, 5, true, 'import', true,
    (1000 * extract(epoch from ($5::text)::interval))::int8, 0, 'import',
    t + ($5::text)::interval, t + ($5::text)::interval
  from (
    select t, k, (1000 + k % 997 * 0.05)::numeric(12, 2) as p
    from (
      select t, 31 * $1::int +
        (extract(epoch from $6::timestamptz - t) / 60)::int8 as k
      from generate_series($2::timestamptz,
        $3::timestamptz - interval '1 second', ($5::text)::interval) t
    ) s
  ) s
  on conflict do nothing`;

/**
 * Makes the schema and stores closed candles, as an import would: minutes of
 * all instruments, and ten years of days of the first one. The same plan gives
 * the same candles.
 *
 * @returns How many rows there are.
 */
export async function storeHistory(
  db: Db,
  { symbols, days, endMs, partitions }: HistoryPlan,
): Promise<number> {
  await migrate(db, await loadMigrations());
  const instruments = await new PgInstrumentStore(db, partitions, systemClock)
    .upsert(
      Array.from(
        { length: symbols },
        (_, i) => autoSpec(symbolName(i), { priceScale: 2, sizeScale: 0 }),
      ),
    );
  const end = endMs * MICROS_PER_MS;
  const before = (n: number) => epochMicros(end - n * MICROS_PER_DAY);
  const yearDays = YEARS_OF_DAYS * DAYS_A_YEAR;
  await new CandleMonths(db).ensure(
    Array.from({ length: yearDays + 1 }, (_, day) => before(day)),
  );
  const bySymbol = new Map(instruments.map((one) => [one.symbol, one.id]));
  for (let i = 0; i < symbols; i++) {
    const id = bySymbol.get(symbolName(i))!;
    for (let day = days; day > 0; day -= DAYS_AT_ONCE) {
      await db.query(INSERT, [
        id,
        timestampText(before(day)),
        timestampText(before(Math.max(0, day - DAYS_AT_ONCE))),
        "1m",
        "1 minute",
        timestampText(before(0)),
      ]);
    }
  }
  const first = bySymbol.get(symbolName(0))!;
  const range = [timestampText(before(yearDays)), timestampText(before(0))];
  await db.query(INSERT, [first, ...range, "1d", "1 day", range[1]]);
  // As a server does by itself some time after a load.
  await db.script("analyze candles");
  return symbols * days * MINUTES_A_DAY + yearDays;
}
