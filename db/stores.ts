import type {
  ForecastShardStore,
  ForecastStore,
  ScoreStore,
  SignalStore,
} from "../pipeline/forecast_ports.ts";
import type {
  AggregateStore,
  AuditStore,
  CandleStore,
  Clock,
  FeedActivityStore,
  FeedStore,
  InstrumentStore,
  LayoutStore,
  LeaseStore,
  Log,
  MinuteStore,
  NodeStore,
  PipelineStore,
  QuarantineStore,
  TickArchive,
} from "../pipeline/ports.ts";
import { PgAggregateStore } from "./aggregate_store.ts";
import { PgTickArchive } from "./archive_store.ts";
import { PgAuditStore } from "./audit_store.ts";
import { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import { type Buckets, lengthMs } from "./buckets.ts";
import { CandleMonths } from "./candle_months.ts";
import { PgCandleStore } from "./candle_store.ts";
import type { Db } from "./db.ts";
import { PgFeedStore } from "./feed_store.ts";
import { PgForecastShardStore } from "./forecast_shard_store.ts";
import { PgForecastStore } from "./forecast_store.ts";
import { PgInstrumentStore } from "./instrument_store.ts";
import { PgLayoutStore } from "./layout_store.ts";
import { PgLeaseStore } from "./lease_store.ts";
import { LeaseTerm } from "./lease_term.ts";
import { PgMinuteStore } from "./minute_store.ts";
import { PgNodeStore } from "./node_store.ts";
import { PgPipelineStore } from "./pipeline_store.ts";
import { Rollups } from "./rollups.ts";
import { PgQuarantineStore } from "./quarantine_store.ts";
import { PgScoreStore } from "./score_store.ts";
import { sharedTransactions } from "./shared_transactions.ts";
import { PgSignalStore } from "./signal_store.ts";

/** What pages and the API read. */
export interface Readers {
  readonly candles: CandleStore;
  readonly forecasts: ForecastStore;
  readonly scores: ScoreStore;
  readonly signals: SignalStore;
  readonly activity: FeedActivityStore;
  readonly audit: AuditStore;
  readonly archive: TickArchive;
  readonly minutes: MinuteStore;
  readonly quarantine: QuarantineStore;
}

/** Everything that the stages keep, whichever database is behind it. */
export interface Stores extends Readers {
  readonly aggregate: AggregateStore;
  readonly leases: LeaseStore;
  readonly forecastShards: ForecastShardStore;
  readonly feeds: FeedStore;
  readonly instruments: InstrumentStore;
  readonly pipeline: PipelineStore;
  readonly nodes: NodeStore;
  /** How many partitions there are, as far as this process knows. */
  readonly layout: PartitionLayout;
  readonly layouts: LayoutStore;
  /** The same by way of a copy, which may be some seconds behind. */
  readonly lagging: Readers;
  /** By way of a copy that has all that was committed when it is asked. */
  readonly fresh: Readers;
}

/** Databases to read in place of the one that is written. */
export interface ReadDbs {
  readonly lagging: Db;
  readonly fresh: Db;
}

const LEASE_MS = 1_500;

export interface StoreOptions {
  /** Of a warehouse that is made now. */
  readonly partitions: number;
  /** How long what a silent process holds stays its own; 1,500 if absent. */
  readonly leaseMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly bucketOf: Buckets["bucketOf"];
  /** As `Buckets`; all symbols are known if it is not given. */
  readonly know?: Buckets["know"];
  /** As `Buckets`; all of a bucket if it is not given. */
  readonly tradingMs?: Buckets["tradingMs"];
}

/** The stores on any database that has the schema. */
export function pgStores(
  db: Db,
  options: Omit<StoreOptions, "log">,
  sync: () => Promise<void>,
  copies: ReadDbs | null = null,
  layout = new PartitionLayout(options.partitions),
): Stores {
  const { partitions, clock, leaseMs = LEASE_MS } = options;
  const buckets: Buckets = {
    know: options.know ?? (() => Promise.resolve()),
    bucketOf: options.bucketOf,
    tradingMs: options.tradingMs ?? ((_symbol, bucket) => lengthMs(bucket)),
  };
  const shared = sharedTransactions(db, clock);
  const instruments = new PgInstrumentStore(shared, partitions, clock);
  const months = new CandleMonths(db);
  const lease = new LeaseTerm(leaseMs, clock);
  const readersOf = (from: Db): Readers => ({
    candles: new PgCandleStore(
      from,
      instruments,
      from === db ? months : new CandleMonths(from),
      buckets,
      clock,
      layout,
    ),
    forecasts: new PgForecastStore(from, instruments),
    scores: new PgScoreStore(from, instruments),
    signals: new PgSignalStore(from, instruments),
    activity: new PgFeedStore(from),
    audit: new PgAuditStore(from, months),
    archive: new PgTickArchive(from),
    minutes: new PgMinuteStore(from),
    quarantine: new PgQuarantineStore(from),
  });
  const readers = readersOf(db);
  return {
    ...readers,
    aggregate: new PgAggregateStore(
      db,
      instruments,
      months,
      new Rollups(db, instruments, months, buckets, clock, lease),
      clock,
      lease,
      sync,
      layout,
    ),
    leases: new PgLeaseStore(shared, lease, layout),
    forecastShards: new PgForecastShardStore(db, lease),
    feeds: new PgFeedStore(shared),
    instruments,
    pipeline: new PgPipelineStore(db),
    nodes: new PgNodeStore(shared),
    lagging: copies ? readersOf(copies.lagging) : readers,
    fresh: copies ? readersOf(copies.fresh) : readers,
    layout,
    layouts: new PgLayoutStore(shared),
  };
}
