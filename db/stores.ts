import type {
  AggregateStore,
  AuditStore,
  CandleStore,
  Clock,
  FeedActivityStore,
  FeedStore,
  ForecastStore,
  InstrumentStore,
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
import { type Buckets, lengthMs } from "./buckets.ts";
import { CandleMonths } from "./candle_months.ts";
import { PgCandleStore } from "./candle_store.ts";
import type { Db } from "./db.ts";
import { PgFeedStore } from "./feed_store.ts";
import { PgForecastStore } from "./forecast_store.ts";
import { PgInstrumentStore } from "./instrument_store.ts";
import { PgLeaseStore } from "./lease_store.ts";
import { LeaseTerm } from "./lease_term.ts";
import { PgMinuteStore } from "./minute_store.ts";
import { PgNodeStore } from "./node_store.ts";
import { PgPipelineStore } from "./pipeline_store.ts";
import { Rollups } from "./rollups.ts";
import { PgQuarantineStore } from "./quarantine_store.ts";

/** Everything that the stages keep, whichever database is behind it. */
export interface Stores {
  readonly aggregate: AggregateStore;
  readonly leases: LeaseStore;
  readonly feeds: FeedStore;
  readonly activity: FeedActivityStore;
  readonly instruments: InstrumentStore;
  readonly candles: CandleStore;
  readonly forecasts: ForecastStore;
  readonly audit: AuditStore;
  readonly archive: TickArchive;
  readonly minutes: MinuteStore;
  readonly quarantine: QuarantineStore;
  readonly pipeline: PipelineStore;
  readonly nodes: NodeStore;
}

const LEASE_MS = 1_500;

export interface StoreOptions {
  /** Fixed by the first who opens the warehouse. */
  readonly partitions: number;
  /** How long what a silent process holds stays its own; 1,500 if absent. */
  readonly leaseMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly bucketOf: Buckets["bucketOf"];
  /** As `Buckets`; all of a bucket if it is not given. */
  readonly tradingMs?: Buckets["tradingMs"];
}

/** The stores on any database that has the schema. */
export function pgStores(
  db: Db,
  options: Omit<StoreOptions, "log">,
  sync: () => Promise<void>,
): Stores {
  const { partitions, clock, leaseMs = LEASE_MS } = options;
  const buckets: Buckets = {
    bucketOf: options.bucketOf,
    tradingMs: options.tradingMs ?? ((_symbol, bucket) => lengthMs(bucket)),
  };
  const instruments = new PgInstrumentStore(db, partitions, clock);
  const months = new CandleMonths(db);
  const lease = new LeaseTerm(leaseMs, clock);
  const feeds = new PgFeedStore(db);
  return {
    aggregate: new PgAggregateStore(
      db,
      instruments,
      months,
      new Rollups(db, instruments, months, buckets, clock, lease),
      clock,
      lease,
      sync,
    ),
    leases: new PgLeaseStore(db, lease),
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
    quarantine: new PgQuarantineStore(db),
    pipeline: new PgPipelineStore(db),
    nodes: new PgNodeStore(db),
  };
}
