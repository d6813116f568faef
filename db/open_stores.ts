import { join } from "node:path";
import {
  BufferError,
  BufferUnusableError,
} from "../pipeline/buffer/buffer_error.ts";
import { SqliteBuffer } from "../pipeline/buffer/sqlite_buffer.ts";
import type {
  DivisibleBuffer,
  RedisPlaces,
  TickBuffer,
} from "../pipeline/ports.ts";
import { checkPostgres, PostgresUnusableError } from "./check_postgres.ts";
import { type Db, DbError } from "./db.ts";
import {
  enableExtension,
  type WarehouseExtension,
} from "./enable_extension.ts";
import type { OpenedAhead } from "./open_ahead.ts";
import { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import { lockDataDir } from "./lock_data_dir.ts";
import { isMigrated, loadMigrations, migrate } from "./migrate.ts";
import { PgLayoutStore } from "./layout_store.ts";
import {
  isExpansion,
  newerSchema,
  NEWEST_STEP,
  olderSchema,
  stepsTaken,
} from "./schema_steps.ts";
import { pgStores, type StoreOptions, type Stores } from "./stores.ts";
import { ReadReplica } from "./read_replica.ts";
import { untilUp } from "./until_up.ts";
import { vacuumHotTables } from "./vacuum.ts";

/** The buffer and the warehouse, held until closed. */
export interface OpenStores extends Stores {
  readonly buffer: TickBuffer;
  /** The same, if its partitions can be divided. */
  readonly divisible: DivisibleBuffer | null;
  /** Where the servers of the buffer are; `null` if it is embedded. */
  readonly redis: RedisPlaces | null;
  /** What is read in place of the warehouse; `null` if nothing is. */
  readonly replica: Pick<ReadReplica, "state" | "run"> | null;
  /** Other processes may work on both of them. */
  readonly shared: boolean;
  /** Gives room that old versions of rows hold back to new ones. */
  vacuum(): Promise<void>;
  close(): Promise<void>;
}

/** Servers to use in place of the embedded stores; `null` is none. */
export interface Servers {
  readonly redisUrl: string | null;
  readonly databaseUrl: string | null;
  /** As a role that may change the schema; that of `databaseUrl` if `null`. */
  readonly migrationUrl: string | null;
  /** A copy of `databaseUrl`, or another role of it, to read; none if `null`. */
  readonly readUrl: string | null;
  /** WebSocket relay to all of them; TCP if `null`. */
  readonly databaseWsUrl: string | null;
  /** What divides the tables of `databaseUrl`; PostgreSQL itself if `null`. */
  readonly warehouseExtension: WarehouseExtension | null;
}

const NONE: Servers = {
  redisUrl: null,
  databaseUrl: null,
  migrationUrl: null,
  readUrl: null,
  databaseWsUrl: null,
  warehouseExtension: null,
};

export interface OpenOptions extends StoreOptions {
  /** Where the embedded stores are. */
  readonly dataDir: string;
  /** What of them is being opened already. */
  readonly ahead?: Promise<OpenedAhead | null>;
  /** Embedded ones if absent. */
  readonly servers?: Servers;
  /** Leave a server's schema as it is: others make it. */
  readonly schemaIsMade?: boolean;
  /** Redis takes appends until its ticks need this much. */
  readonly bufferBytesMax?: number;
}

/** What holds something until it is closed. */
interface Closing {
  close(): Promise<void>;
}

/** A warehouse, ready to be used. */
interface Warehouse {
  readonly db: Db;
  /** Makes what was committed safe from power loss. */
  sync(): Promise<void>;
}

/**
 * Opens the buffer and the warehouse that the options name, or makes them.
 *
 * Embedded ones are in the data folder, which is held. A server may start at
 * the same time: it is waited for.
 *
 * @throws {DataDirLockedError} If another process works in the folder.
 * @throws {DataDirUnusableError} If the folder cannot be made or written.
 * @throws {MigrationError} If the schema of the warehouse is not this program's.
 * @throws {LayoutMismatchError} If it has tables of another extension, or
 * partitions of a newer program.
 * @throws {ServerDownError} If a server does not come up.
 * @throws {BufferUnusableError} If Redis must be set otherwise.
 * @throws {PostgresUnusableError} If PostgreSQL must be.
 */
export async function openStores(options: OpenOptions): Promise<OpenStores> {
  const { dataDir, servers = NONE, clock, log } = options;
  const { redisUrl, databaseUrl } = servers;
  const opened: Closing[] = [];
  const layout = new PartitionLayout(options.partitions);
  try {
    const ahead = await options.ahead ?? null;
    if (redisUrl === null || databaseUrl === null) {
      const lock = ahead?.lock ??
        await lockDataDir(dataDir, new Date(clock.now() / 1_000));
      opened.push({ close: () => Promise.resolve(lock.release()) });
    }
    const [{ buffer, divisible, redis }, warehouse] = await bothOf(
      openBuffer({ ...options, servers, layout }, opened),
      openWarehouse({ ...options, servers }, ahead, opened),
    );
    const { db, sync } = warehouse;
    layout.become(await new PgLayoutStore(db).claim(options.partitions));
    const replica = await openReplica(db, servers, clock, opened);
    log.info("Stores are open", {
      data_dir: dataDir,
      redis: redisUrl !== null,
      postgres: databaseUrl !== null,
    });
    return {
      ...pgStores(db, options, sync, replica, layout),
      replica,
      buffer,
      divisible: databaseUrl === null ? null : divisible,
      redis,
      shared: redisUrl !== null && databaseUrl !== null,
      vacuum: () =>
        databaseUrl === null ? vacuumHotTables(db) : Promise.resolve(),
      close: () => closeAll(opened),
    };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function openBuffer(
  { dataDir, servers, layout, bufferBytesMax = Infinity, clock, log }:
    & OpenOptions
    & { readonly servers: Servers; readonly layout: PartitionLayout },
  opened: Closing[],
): Promise<{
  buffer: TickBuffer;
  divisible: DivisibleBuffer | null;
  redis: RedisPlaces | null;
}> {
  const { redisUrl: url } = servers;
  if (url === null) {
    const buffer = await SqliteBuffer.open(join(dataDir, "buffer.sqlite"));
    opened.push(buffer);
    return { buffer, divisible: null, redis: null };
  }
  // Whoever has no server does without the code of its client.
  const { RedisBuffer } = await import("../pipeline/buffer/redis_buffer.ts");
  const buffer = await untilUp(
    "Redis",
    () =>
      RedisBuffer.open({
        url,
        layout,
        memoryMaxBytes: bufferBytesMax,
        clock,
        log,
      }),
    {
      clock,
      log,
      isDown: (error) =>
        error instanceof BufferError &&
        !(error instanceof BufferUnusableError),
    },
  );
  opened.push(buffer);
  return { buffer, divisible: buffer, redis: buffer.places };
}

async function openWarehouse(
  options: OpenOptions & { readonly servers: Servers },
  ahead: OpenedAhead | null,
  opened: Closing[],
): Promise<Warehouse> {
  const { databaseUrl } = options.servers;
  if (databaseUrl !== null) return await openServer(options, opened);
  // Whoever has servers does without the code of the embedded one.
  const { connectPglite, warehouseIn } = await import("./connect_pglite.ts");
  const migrations = loadMigrations();
  migrations.catch(() => {}); // it is awaited once there is something to do
  const db = await (ahead?.warehouse ??
    connectPglite(warehouseIn(options.dataDir)));
  opened.push(db);
  const steps = await migrations;
  if (!await isMigrated(db, steps)) {
    tellNewer(await migrate(db, steps), options.log);
  }
  // The lock says that whoever held a lease is gone.
  await db.query("update offsets set lease_until = '-infinity'");
  return { db, sync: () => db.sync() };
}

async function connectServer(
  url: string,
  { databaseWsUrl: relay }: Servers,
  options: { readonly readOnly?: boolean } = {},
): Promise<Db> {
  const { connectPg } = await import("./connect_pg.ts");
  return connectPg({ url, relay, ...options });
}

async function openServer(
  { servers, schemaIsMade, clock, log }:
    & OpenOptions
    & { readonly servers: Servers },
  opened: Closing[],
): Promise<Warehouse> {
  const { databaseUrl, migrationUrl, warehouseExtension } = servers;
  const db = await connectServer(databaseUrl!, servers);
  opened.push(db);
  const waiting = { clock, log, isDown };
  const warnings = await untilUp(
    "PostgreSQL",
    () => checkPostgres(db),
    waiting,
  );
  for (const warning of warnings) log.warn(warning);
  // A server syncs what it commits.
  const warehouse = { db, sync: () => Promise.resolve() };
  if (schemaIsMade) {
    tellNewer(await requireSchema(db), log);
    return warehouse;
  }
  const owner = migrationUrl === null
    ? db
    : await connectServer(migrationUrl, servers);
  try {
    if (warehouseExtension) await enableExtension(owner, warehouseExtension);
    const migrations = await loadMigrations(warehouseExtension);
    tellNewer(await migrate(owner, migrations), log);
  } finally {
    if (owner !== db) await owner.close();
  }
  return warehouse;
}

/** A copy that is away is not waited for: it is not read, that is all. */
async function openReplica(
  primary: Db,
  servers: Servers,
  clock: OpenOptions["clock"],
  opened: Closing[],
): Promise<ReadReplica | null> {
  const { readUrl } = servers;
  if (readUrl === null) return null;
  const copy = await connectServer(readUrl, servers, { readOnly: true });
  opened.push(copy);
  const replica = new ReadReplica(primary, copy, clock);
  await replica.look();
  return replica;
}

function tellNewer(steps: readonly string[], log: OpenOptions["log"]): void {
  if (steps.length === 0) return;
  log.info("The warehouse is of a newer program, which has only added to it", {
    steps,
  });
}

/**
 * What others make has all that this program needs.
 *
 * @returns Steps of a newer program.
 */
async function requireSchema(db: Db): Promise<readonly string[]> {
  const [{ made }] = await db.query<{ made: boolean }>(
    "select to_regclass('migrations') is not null as made",
  );
  if (!made) {
    throw new PostgresUnusableError(
      "Cannot use a database without tables as this process must not make " +
        "them; start the program on it once",
    );
  }
  const taken = await stepsTaken(db);
  if (!taken.includes(NEWEST_STEP)) throw await olderSchema(db, [NEWEST_STEP]);
  // Those of an extension go with the step of the same number.
  const numberOf = (step: string) => /\d{4}/.exec(step)![0];
  const newer = taken.filter((step) => numberOf(step) > numberOf(NEWEST_STEP));
  const others = newer.filter((step) => !isExpansion(step));
  if (others.length > 0) throw await newerSchema(db, others);
  return newer;
}

/** No answer, or one that says to come back later. */
function isDown(error: unknown): boolean {
  return error instanceof DbError &&
    (error.code === null || /^(08|53|57P0[123])/.test(error.code));
}

async function bothOf<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === "rejected") throw first.reason;
  if (second.status === "rejected") throw second.reason;
  return [first.value, second.value];
}

/** In the order opposite to that of opening: the lock is let go last. */
async function closeAll(opened: readonly Closing[]): Promise<void> {
  for (const held of opened.toReversed()) await held.close();
}
