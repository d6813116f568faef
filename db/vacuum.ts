import type { Db } from "./db.ts";

/**
 * Tables whose rows are changed over and over, and of those that only grow the
 * ones with an index that a vacuum brings up to date.
 */
const HOT_TABLES = [
  "offsets",
  "candle_books",
  "feed_progress",
  "feed_totals",
  "feed_rejects",
  "feed_acks",
  "rollup_dirty",
  "rollup_dirty_sets",
  "forecasts_unscored",
  "signals_unsettled",
  "quarantine",
  "quarantine_packs",
  "tick_archive_progress",
];

/**
 * Vacuums what is written over and over, and the newest month of candles, and
 * brings the planner's statistics up to date: PGlite has no autovacuum.
 *
 * One table after the other, so that commits come in between.
 */
export async function vacuumHotTables(db: Db): Promise<void> {
  const months = await db.query<{ name: string }>(
    `select c.relname as name from pg_inherits h
      join pg_class c on c.oid = h.inhrelid
      where h.inhparent = 'candles'::regclass
        and c.relname ~ '^candles_y[0-9]{4}m[0-9]{2}$'
      order by 1 desc limit 2`,
  );
  for (const name of [...HOT_TABLES, ...months.map((month) => month.name)]) {
    await db.query(`vacuum (analyze) ${name}`);
  }
}
