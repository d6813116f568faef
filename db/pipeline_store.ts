import { assert } from "../pipeline/domain/assert.ts";
import type {
  EntryId,
  GapRow,
  PipelineState,
  PipelineStore,
} from "../pipeline/ports.ts";
import { FORECAST_TASK } from "../pipeline/domain/forecast_shard.ts";
import type { Db } from "./db.ts";
import { FORECASTERS } from "./forecast_shard_store.ts";
import { nodeOf, NODES } from "./node_store.ts";
import { micros, microsOrNull } from "./sql_values.ts";

const GAPS_MAX = 20;
const REVISIONS_MAX = 10;

const PARTITIONS = `
  select p, owner, lease_epoch::float8 as lease_epoch,
    lease_until > now() as held, position,
    to_micros(marked_at)::float8 as marked_at
  from offsets order by p`;

/** Forecasts are a task of each process that has some. */
const TASKS = `
  select task, owner from task_leases
  where lease_until >= now() and owner <> '${FORECASTERS}'
  union all
  select '${FORECAST_TASK}', owner from forecast_processes p
  where alive_until >= now()
    and exists (select from forecast_shards s where s.owner = p.owner)
  order by task, owner`;

/** A gap is stored for each partition that it touches, with times of its own. */
const GAPS = `
  select feed, epoch::float8 as epoch, kind,
    to_micros(min(from_t))::float8 as from_t,
    case when bool_or(to_t is null) then null
      else to_micros(max(to_t))::float8 end as to_t,
    nullif(seq_from, 0)::float8 as seq_from, nullif(seq_to, 0)::float8 as seq_to
  from (
    select feed, epoch, kind, from_t, to_t, seq_from, seq_to from feed_gaps
    union all
    select t.feed, t.epoch, 'outage', t.covered_to, null, 0, 0
    from feed_totals t
    where t.covered_to is not null and not t.replay and not t.connected
      and not exists (
        select from feed_totals n
        where n.p = t.p and n.feed = t.feed and n.epoch > t.epoch
      )
  ) gaps
  group by feed, epoch, kind, seq_from, seq_to,
    date_bin('10 seconds', from_t, 'epoch')
  order by min(from_t) desc, feed, seq_from
  limit ${GAPS_MAX}`;

const REVISED = `
  select count(*)::float8 as n from candle_revisions
  where interval = '1m' and known_to >= now() - interval '1 day'`;

const REVISIONS = `
  select i.symbol, r.interval, to_micros(r.t)::float8 as t, r.rev,
    to_micros(r.known_to)::float8 as known_to, r.n::float8 as n
  from candle_revisions r join instruments i on i.id = r.instrument_id
  where r.interval = '1m'
  order by r.known_to desc limit ${REVISIONS_MAX}`;

/** The state of the pipeline as the warehouse has it. */
export class PgPipelineStore implements PipelineStore {
  constructor(private readonly db: Db) {}

  async state(): Promise<PipelineState> {
    const results = await this.db.batch([
      { sql: PARTITIONS },
      { sql: NODES },
      { sql: TASKS },
      { sql: GAPS },
      { sql: REVISED },
      { sql: REVISIONS },
      { sql: "select to_micros(clock_timestamp())::float8 as now" },
    ]);
    assert(results !== null, "nothing was asked that could be refused");
    const [partitions, processes, tasks, gaps, revised, revisions, clock] =
      results;
    return {
      now: micros(clock[0].now),
      partitions: partitions.map((row) => ({
        p: row.p as number,
        owner: row.owner as string | null,
        leaseEpoch: row.lease_epoch as number,
        held: row.held as boolean,
        position: row.position as EntryId,
        markedAt: microsOrNull(row.marked_at),
      })),
      processes: processes.map(nodeOf),
      tasks: tasks.map(({ task, owner }) => ({
        task: task as string,
        owner: owner as string,
      })),
      gaps: gaps.map((row) => ({
        key: { feed: row.feed as string, epoch: row.epoch as number },
        kind: row.kind as GapRow["kind"],
        from: micros(row.from_t),
        to: microsOrNull(row.to_t),
        seq: row.seq_from === null
          ? null
          : { from: row.seq_from as number, to: row.seq_to as number },
      })),
      revisedLastDay: revised[0].n as number,
      revisions: revisions.map((row) => ({
        symbol: row.symbol as string,
        interval: row.interval as string,
        t: micros(row.t),
        rev: row.rev as number,
        n: row.n as number,
        revisedAt: micros(row.known_to),
      })),
    };
  }
}
