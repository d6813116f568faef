import type { Delivery } from "../pipeline/domain/entry.ts";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import type {
  EntryId,
  FeedProgress,
  FeedTotals,
  PartitionState,
} from "../pipeline/ports.ts";
import type { Row, Statement } from "./db.ts";
import { micros, microsOrNull } from "./sql_values.ts";

/** A conflict would wait for whoever has the row. */
const ADD_PARTITION = `
  insert into offsets (p) select $1::int
  where not exists (select from offsets where p = $1::int)
  on conflict do nothing`;

const CLAIM = `
  with before as (
    select p, lease_until > '-infinity' as lapsed from offsets
    where p = $1::int and stream = $4
      and (lease_until < now() or owner = $2)
    for update skip locked)
  update offsets o set owner = $2, lease_epoch = lease_epoch + 1,
    lease_until = now() + ($3::float8 * interval '1 millisecond')
  from before where o.p = before.p
  returning lease_epoch::float8 as lease_epoch, lapsed, position, incarnation,
    to_micros(marked_at)::float8 as marked_at,
    readmitted_through::float8 as readmitted_through`;

const LOAD_PROGRESS = `
  select f.feed, f.epoch::float8 as epoch, i.symbol,
    to_micros(f.max_event)::float8 as max_event,
    to_micros(f.last_received)::float8 as last_received, f.replay, f.ended
  from feed_progress f join instruments i on i.id = f.instrument_id
  where f.p = $1::int and not f.forgotten
  order by f.feed, f.epoch, i.symbol`;

const LOAD_TOTALS = `
  select feed, epoch::float8 as epoch, delivery, replay, connected, node,
    last_seq::float8 as last_seq, received::float8 as received,
    accepted::float8 as accepted, duplicates::float8 as duplicates,
    rejected::float8 as rejected,
    to_micros(covered_from)::float8 as covered_from,
    to_micros(covered_to)::float8 as covered_to,
    to_micros(last_event)::float8 as last_event,
    to_micros(away_since)::float8 as away_since
  from feed_totals where p = $1::int order by feed, epoch`;

const LOAD_OPEN = `
  select i.symbol, c.interval, to_micros(c.t)::float8 as t
  from candles c join instruments i on i.id = c.instrument_id
  where i.p = $1::int and not c.closed order by i.symbol, c.t`;

/**
 * Takes a partition, if it is free or ours already and the stream is the one
 * that its position is in, and reads what is stored
 * of it: in one transaction, so that nobody commits in between.
 */
export function claimPartition(
  p: number,
  owner: string,
  leaseMs: number,
  stream: string,
): readonly Statement[] {
  return [
    { sql: ADD_PARTITION, params: [p] },
    { sql: CLAIM, params: [p, owner, leaseMs, stream], expectRows: 1 },
    { sql: LOAD_PROGRESS, params: [p] },
    { sql: LOAD_TOTALS, params: [p] },
    { sql: LOAD_OPEN, params: [p] },
  ];
}

/** What `claimPartition` gave. */
export function partitionStateOf(
  p: number,
  [, [claimed], progress, totals, open]: readonly (readonly Row[])[],
): PartitionState {
  return {
    p,
    leaseEpoch: claimed.lease_epoch as number,
    lapsed: claimed.lapsed as boolean,
    position: claimed.position as EntryId,
    incarnation: claimed.incarnation as string | null,
    markedAt: microsOrNull(claimed.marked_at),
    progress: progress.map(progressOf),
    feeds: totals.map(totalsOf),
    open: open.map(({ symbol, interval, t }) => ({
      symbol: symbol as string,
      interval: interval as StoredInterval,
      t: micros(t),
    })),
    readmittedThrough: claimed.readmitted_through as number,
  };
}

/** A row of `feed_progress` with its symbol. */
export function progressOf(row: Row): FeedProgress {
  return {
    key: { feed: row.feed as string, epoch: row.epoch as number },
    symbol: row.symbol as string,
    maxEvent: micros(row.max_event),
    lastReceived: micros(row.last_received),
    replay: row.replay as boolean,
    ended: row.ended as boolean,
  };
}

function totalsOf(row: Row): FeedTotals {
  return {
    key: { feed: row.feed as string, epoch: row.epoch as number },
    delivery: row.delivery as Delivery,
    replay: row.replay as boolean,
    connected: row.connected as boolean,
    node: row.node as string,
    lastSeq: row.last_seq as number,
    received: row.received as number,
    accepted: row.accepted as number,
    duplicates: row.duplicates as number,
    rejected: row.rejected as number,
    coveredFrom: microsOrNull(row.covered_from),
    coveredTo: microsOrNull(row.covered_to),
    lastEvent: microsOrNull(row.last_event),
    awaySince: microsOrNull(row.away_since),
  };
}
