import type { CandleFold, StoredCandle } from "../../pipeline/domain/candle.ts";
import type { Bucket } from "../../pipeline/domain/calendar.ts";
import type { FeedKey } from "../../pipeline/domain/entry.ts";
import type { Forecast } from "../../pipeline/domain/forecast.ts";
import type {
  Interval,
  ReadableInterval,
} from "../../pipeline/domain/interval.ts";
import { nominalMicros } from "../../pipeline/domain/interval_length.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../../pipeline/domain/time.ts";
import type {
  CandleStep,
  Clock,
  Commit,
  EntryId,
  FeedTotals,
  PartitionState,
} from "../../pipeline/ports.ts";
import { connectPg } from "../../db/connect_pg.ts";
import { connectPglite } from "../../db/connect_pglite.ts";
import type { EmbeddedDb } from "../../db/db.ts";
import {
  enableExtension,
  type WarehouseExtension,
} from "../../db/enable_extension.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { pgStores, type Stores } from "../../db/stores.ts";
import {
  type CitusCluster,
  findCitus,
  startCitus,
} from "../harness/servers/citus_cluster.ts";
import { extensionTest, serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { openTimescale } from "../harness/timescale.ts";

/** A clock that stands still until it is set. */
export class StillClock implements Clock {
  constructor(public time: EpochMicros) {}

  now(): EpochMicros {
    return this.time;
  }

  steadyMs(): number {
    return this.time / 1_000;
  }

  advance(micros: number): void {
    this.time = epochMicros(this.time + micros);
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Round the clock, in UTC; weeks from Monday. */
export function bucketOf(
  _symbol: string,
  interval: Interval,
  t: EpochMicros,
): Bucket {
  if (interval === "1M") {
    const date = new Date(t / 1_000);
    const month = (more: number) =>
      epochMicros(
        Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + more) * 1_000,
      );
    return { start: month(0), end: month(1) };
  }
  const length = nominalMicros(interval);
  const monday = interval === "1w" ? 4 * 86_400_000_000 : 0;
  const start = Math.floor((t - monday) / length) * length + monday;
  return { start: epochMicros(start), end: epochMicros(start + length) };
}

/** A warehouse of its own in a folder that is removed after. */
export interface TestWarehouse extends Stores {
  readonly db: EmbeddedDb;
  readonly clock: StillClock;
  /** A symbol that no other test of the file uses. */
  symbol(): string;
  close(): Promise<void>;
}

export const NOW = epochMicros(Date.UTC(2025, 5, 16, 12) * 1_000);
export const PARTITIONS = 4;
/** None runs out, however long the machine stands still. */
const LEASE_MS = 3_600_000;

/** On PGlite, in a folder of its own. */
export async function openTestWarehouse(): Promise<TestWarehouse> {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-db-" });
  const db = await connectPglite(`${dir}/warehouse`);
  return await warehouseOn(db, async () => {
    await db.close();
    await Deno.remove(dir, { recursive: true });
  });
}

/** On a database of a server, which holds nothing yet. */
export function openServerWarehouse(url: string): Promise<TestWarehouse> {
  const db = connectPg({ url });
  // A server syncs what it commits.
  return warehouseOn(
    { ...db, sync: () => Promise.resolve() },
    () => db.close(),
  );
}

/** On the coordinator of a cluster, in a database of its own. */
export async function openCitusWarehouse(
  cluster: CitusCluster,
): Promise<TestWarehouse> {
  const db = connectPg({ url: await cluster.createDatabase() });
  try {
    await enableExtension(db, "citus");
    return await warehouseOn(
      { ...db, sync: () => Promise.resolve() },
      () => db.close(),
      "citus",
    );
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** On TimescaleDB, in memory. */
export async function openTimescaleWarehouse(): Promise<TestWarehouse> {
  const db = await openTimescale();
  await enableExtension(db, "timescaledb");
  return await warehouseOn(db, () => db.close(), "timescaledb");
}

/** As `Deno.test()` with a name and what to run. */
export type RegisterTest = (name: string, run: () => Promise<void>) => void;

/**
 * Registers the same tests twice: on PGlite, and on a PostgreSQL of their own,
 * which ends after them.
 */
export async function onBothDatabases(
  tests: (warehouse: TestWarehouse, test: RegisterTest) => void,
): Promise<void> {
  const embedded = await openTestWarehouse();
  Deno.test.afterAll(() => embedded.close());
  tests(embedded, (name, run) => Deno.test(name, run));

  if (findPostgres() === null) {
    const needs = { PostgreSQL: findPostgres };
    return serverTest("the same on PostgreSQL", needs, async () => {});
  }
  const postgres = await startPostgres();
  try {
    const url = await postgres.createDatabase();
    const warehouse = await openServerWarehouse(url);
    Deno.test.afterAll(async () => {
      await warehouse.close();
      await postgres.close();
    });
    tests(warehouse, (name, fn) => onServer(`${name}, on PostgreSQL`, fn));
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

/** As `onBothDatabases`, and on TimescaleDB. */
export async function onAllDatabases(
  tests: (warehouse: TestWarehouse, test: RegisterTest) => void,
): Promise<void> {
  await onBothDatabases(tests);
  const chunked = await openTimescaleWarehouse();
  Deno.test.afterAll(() => chunked.close());
  tests(chunked, (name, run) => Deno.test(`${name}, on TimescaleDB`, run));
}

/** As `onAllDatabases`, and on Citus: what is read and written of its tables. */
export async function onAllDatabasesAndCitus(
  tests: (warehouse: TestWarehouse, test: RegisterTest) => void,
): Promise<void> {
  await onAllDatabases(tests);
  if (findCitus() === null) {
    const server = { PostgreSQL: findPostgres };
    return extensionTest(
      "the same on Citus",
      { Citus: findCitus },
      server,
      async () => {},
    );
  }
  const cluster = await startCitus({ workers: 2 });
  Deno.test.afterAll(() => cluster.close());
  const spread = await openCitusWarehouse(cluster);
  Deno.test.afterAll(() => spread.close());
  tests(spread, (name, fn) => onServer(`${name}, on Citus`, fn));
}

/** Connections stay open from one test to the next. */
function onServer(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

async function warehouseOn(
  db: EmbeddedDb,
  close: () => Promise<void>,
  extension: WarehouseExtension | null = null,
): Promise<TestWarehouse> {
  await migrate(db, await loadMigrations(extension));
  const clock = new StillClock(NOW);
  let symbols = 0;
  return {
    ...pgStores(
      db,
      { partitions: PARTITIONS, leaseMs: LEASE_MS, clock, bucketOf },
      () => db.sync(),
    ),
    db,
    clock,
    symbol: () => `TEST${++symbols}`,
    close,
  };
}

/** What a commit of one step changes. */
export type Change = Partial<Omit<Commit, "steps"> & CandleStep>;

/** A partition as one owner writes on: each commit follows the last. */
export class Writer {
  #entry = 0;

  private constructor(
    readonly stores: Stores,
    public state: PartitionState,
  ) {
    this.#entry = Number(state.position.split("-")[0]);
  }

  static async claim(stores: Stores, p: number): Promise<Writer> {
    const state = await stores.aggregate.claim(p, "test");
    if (!state) throw new Error(`Cannot claim ${p}`);
    return new Writer(stores, state);
  }

  get position(): EntryId {
    return `${this.#entry}-0` as EntryId;
  }

  /** An empty commit of the next entry, with what is given, in one step. */
  next(given: Change = {}): Commit {
    const { deltas = [], closes = [], recovered = [], ...rest } = given;
    const expect = this.position;
    this.#entry++;
    return {
      p: this.state.p,
      leaseEpoch: this.state.leaseEpoch,
      expect,
      next: this.position,
      incarnation: "test",
      markedAt: null,
      steps: [{ deltas, closes, recovered }],
      dirty: [],
      progress: [],
      forgotten: [],
      feeds: [],
      rejected: [],
      quarantine: [],
      readmitted: [],
      gaps: [],
      applied: deltas.reduce((n, { fold }) => n + fold.n, 0),
      ...rest,
    };
  }

  async commit(given: Change = {}) {
    const result = await this.stores.aggregate.commit(this.next(given));
    if (result.kind === "fenced") throw new Error("The commit was fenced");
    return result.candles;
  }
}

export const FEED: FeedKey = { feed: "test", epoch: 1 };

export interface TestTick {
  readonly ts: number;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
  readonly feed?: number;
}

/** The fold of one tick, at scales 2 and 0. */
export function foldOf(
  symbol: string,
  t: EpochMicros,
  tick: TestTick,
): CandleFold {
  return {
    symbol,
    t,
    priceScale: 2,
    sizeScale: 0,
    open: tick.price,
    high: tick.price,
    low: tick.price,
    close: tick.price,
    firstTs: tick.ts,
    firstFeed: tick.feed ?? 1,
    firstSeq: tick.seq,
    lastTs: tick.ts,
    lastFeed: tick.feed ?? 1,
    lastSeq: tick.seq,
    volume: tick.size,
    notional: BigInt(tick.price) * BigInt(tick.size),
    n: 1,
  };
}

export function minuteOf(ts: number): EpochMicros {
  return epochMicros(Math.floor(ts / MICROS_PER_MINUTE) * MICROS_PER_MINUTE);
}

/** A delta of one tick; its bucket is the minute. */
export function deltaOf(symbol: string, tick: TestTick) {
  const t = minuteOf(tick.ts);
  return {
    fold: foldOf(symbol, t, tick),
    end: epochMicros(t + MICROS_PER_MINUTE),
  };
}

export function totals(given: Partial<FeedTotals>): FeedTotals {
  return {
    key: FEED,
    delivery: "acked",
    replay: false,
    connected: true,
    node: "",
    lastSeq: 0,
    received: 0,
    accepted: 0,
    duplicates: 0,
    rejected: 0,
    coveredFrom: null,
    coveredTo: null,
    lastEvent: null,
    awaySince: null,
    ...given,
  };
}

export async function onlyCandle(
  stores: Stores,
  symbol: string,
  interval: ReadableInterval = "1m",
  asof?: EpochMicros,
): Promise<StoredCandle | undefined> {
  const candles = await stores.candles.candles({
    symbol,
    interval,
    limit: 10,
    asof,
  });
  if (candles.length > 1) throw new Error(`${candles.length} candles`);
  return candles[0];
}

/** A candle of history, of one minute. */
export function historyCandle(
  symbol: string,
  t: EpochMicros,
  given: Partial<StoredCandle> = {},
): StoredCandle {
  return {
    symbol,
    interval: "1m",
    t,
    end: epochMicros(t + MICROS_PER_MINUTE),
    open: "10.00",
    high: "12.00",
    low: "9.00",
    close: "11.00",
    volume: "5",
    vw: null,
    n: 0,
    closed: true,
    closedBy: "import",
    rev: 0,
    complete: true,
    coverageMs: 60_000,
    origin: "import",
    lastTs: null,
    ...given,
  };
}

/** Of the minute of `NOW`, as a random walk makes it. */
export function forecastOf(symbol: string): Forecast {
  return {
    symbol,
    interval: "1m",
    t: minuteOf(NOW),
    horizon: 1,
    model: "random-walk",
    order: [0, 1, 0],
    champion: true,
    madeAt: minuteOf(NOW),
    trainedThrough: minuteOf(NOW),
    position: "1-0",
    rev: 0,
    last: 100,
    open: 100,
    high: 101,
    low: 99,
    close: 100,
    se: 1e-3,
    lo50: 99.9,
    hi50: 100.1,
    lo80: 99.8,
    hi80: 100.2,
    lo95: 99.7,
    hi95: 100.3,
  };
}
