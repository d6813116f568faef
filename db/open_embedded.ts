import { join } from "node:path";
import { SqliteBuffer } from "../pipeline/buffer/sqlite_buffer.ts";
import type {
  AggregateStore,
  AuditStore,
  CandleStore,
  Clock,
  FeedActivityStore,
  FeedStore,
  ForecastStore,
  InstrumentStore,
  Log,
  MinuteStore,
  TickArchive,
  TickBuffer,
} from "../pipeline/ports.ts";
import { PgAggregateStore } from "./aggregate_store.ts";
import { PgTickArchive } from "./archive_store.ts";
import { PgAuditStore } from "./audit_store.ts";
import { type Buckets, lengthMs } from "./buckets.ts";
import { CandleMonths } from "./candle_months.ts";
import { PgCandleStore } from "./candle_store.ts";
import { connectPglite } from "./connect_pglite.ts";
import type { Db, EmbeddedDb } from "./db.ts";
import { claimMeta, PgFeedStore } from "./feed_store.ts";
import { PgForecastStore } from "./forecast_store.ts";
import { PgInstrumentStore } from "./instrument_store.ts";
import { type DataDirLock, lockDataDir } from "./lock_data_dir.ts";
import { loadMigrations, migrate } from "./migrate.ts";
import { PgMinuteStore } from "./minute_store.ts";
import { vacuumHotTables } from "./vacuum.ts";

/** Everything that the stages keep, whichever database is behind it. */
export interface Stores {
  readonly aggregate: AggregateStore;
  readonly feeds: FeedStore;
  readonly activity: FeedActivityStore;
  readonly instruments: InstrumentStore;
  readonly candles: CandleStore;
  readonly forecasts: ForecastStore;
  readonly audit: AuditStore;
  readonly archive: TickArchive;
  readonly minutes: MinuteStore;
}

/** The buffer and the warehouse of one folder, held until closed. */
export interface EmbeddedStores extends Stores {
  readonly buffer: TickBuffer;
  /** Gives room that old versions of rows hold back to new ones. */
  vacuum(): Promise<void>;
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Fixed by the first who opens the folder. */
  readonly partitions: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly bucketOf: Buckets["bucketOf"];
  /** As `Buckets`; all of a bucket if it is not given. */
  readonly tradingMs?: Buckets["tradingMs"];
}

/** A warehouse that was made in another way than it is to be used now. */
export class LayoutMismatchError extends Error {
  override name = "LayoutMismatchError";
}

/**
 * Opens what a data folder holds, or makes it.
 *
 * @throws {DataDirLockedError} If another process works in the folder.
 * @throws {DataDirUnusableError} If the folder cannot be made or written.
 * @throws {LayoutMismatchError} If it has another number of partitions.
 */
export async function openEmbeddedStores(
  options: EmbeddedOptions,
): Promise<EmbeddedStores> {
  const { dataDir, clock, log } = options;
  const lock = await lockDataDir(dataDir, new Date(clock.now() / 1_000));
  const opened: { close(): Promise<void> }[] = [];
  try {
    const [buffer, db] = await openBoth(dataDir, opened);
    await migrate(db, await loadMigrations());
    await claimPartitions(db, options.partitions);
    // The lock says that whoever held a lease is gone.
    await db.query("update offsets set lease_until = '-infinity'");
    log.info("Stores are open", { data_dir: dataDir });
    return {
      ...pgStores(db, options, () => db.sync()),
      buffer,
      vacuum: () => vacuumHotTables(db),
      close: () => closeAll(opened, lock),
    };
  } catch (error) {
    await closeAll(opened, lock);
    throw error;
  }
}

/** The stores on any database that has the schema. */
export function pgStores(
  db: Db,
  options: Pick<
    EmbeddedOptions,
    "partitions" | "clock" | "bucketOf" | "tradingMs"
  >,
  sync: () => Promise<void>,
): Stores {
  const { partitions, clock } = options;
  const buckets: Buckets = {
    bucketOf: options.bucketOf,
    tradingMs: options.tradingMs ?? ((_symbol, bucket) => lengthMs(bucket)),
  };
  const instruments = new PgInstrumentStore(db, partitions, clock);
  const months = new CandleMonths(db);
  const feeds = new PgFeedStore(db);
  return {
    aggregate: new PgAggregateStore(
      db,
      instruments,
      months,
      buckets,
      clock,
      sync,
    ),
    feeds,
    activity: feeds,
    instruments,
    candles: new PgCandleStore(
      db,
      instruments,
      months,
      buckets,
      clock,
      partitions,
    ),
    forecasts: new PgForecastStore(db, instruments),
    audit: new PgAuditStore(db, months),
    archive: new PgTickArchive(db),
    minutes: new PgMinuteStore(db),
  };
}

async function openBoth(
  dataDir: string,
  opened: { close(): Promise<void> }[],
): Promise<[SqliteBuffer, EmbeddedDb]> {
  const keep = async <T extends { close(): Promise<void> }>(
    opening: Promise<T>,
  ): Promise<T> => {
    const store = await opening;
    opened.push(store);
    return store;
  };
  const [buffer, db] = await Promise.allSettled([
    keep(SqliteBuffer.open(join(dataDir, "buffer.sqlite"))),
    keep(connectPglite(join(dataDir, "warehouse"))),
  ]);
  if (buffer.status === "rejected") throw buffer.reason;
  if (db.status === "rejected") throw db.reason;
  return [buffer.value, db.value];
}

async function claimPartitions(db: Db, wanted: number): Promise<void> {
  const held = await claimMeta(db, "partitions", String(wanted));
  if (held !== String(wanted)) {
    throw new LayoutMismatchError(
      `Cannot use a warehouse of ${held} partitions as PARTITIONS=${wanted}; ` +
        `set it to ${held} or use another data folder`,
    );
  }
}

async function closeAll(
  opened: readonly { close(): Promise<void> }[],
  lock: DataDirLock,
): Promise<void> {
  try {
    for (const store of opened) await store.close();
  } finally {
    lock.release();
  }
}
