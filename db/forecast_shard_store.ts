import {
  FORECAST_SHARDS,
  FORECAST_TASK,
  type ShardClaim,
} from "../pipeline/domain/forecast_shard.ts";
import type {
  ClaimOf,
  ForecastShardStore,
} from "../pipeline/forecast_ports.ts";
import type { Heartbeat } from "../pipeline/ports.ts";
import type { Db, Row } from "./db.ts";
import type { LeaseTerm } from "./lease_term.ts";
import { numberArray, textArray } from "./sql_values.ts";

/**
 * As whom all that share the forecasts hold the task together: of a program of
 * before, one process at a time has it and forecasts everything.
 */
export const FORECASTERS = "several processes";

/** Keeps the task; written while half of the lease is over only. */
const HOLD_TOGETHER = `
  with kept as (
    select 1 from task_leases where task = $1 and owner = $2
      and lease_until > now() + ($3::float8 / 2 * interval '1 millisecond')
  ), held as (
    insert into task_leases as t (task, owner, lease_until)
    select $1, $2, now() + ($3::float8 * interval '1 millisecond')
    where not exists (select from kept)
    on conflict (task) do update set owner = excluded.owner,
      lease_until = excluded.lease_until
    where t.owner = excluded.owner or t.lease_until < now()
    returning 1
  )
  select 1 from kept union all select 1 from held`;

const BEAT = `
  insert into forecast_processes (owner, alive_until)
  values ($1, now() + ($2::float8 * interval '1 millisecond'))
  on conflict (owner) do update set alive_until = excluded.alive_until`;

/** Waiting for nobody, so that two never wait for each other. */
const FORGET_SILENT = `
  delete from forecast_processes where owner in (
    select owner from forecast_processes where alive_until < now()
    for update skip locked)`;

/** Passes by what is being stored under: that is claimed the next time. */
const CLAIM = `
  with alive as materialized (
    select owner from forecast_processes where alive_until >= now()
  ), free as materialized (
    select shard from forecast_shards
    where owner is null or owner not in (select owner from alive)
    order by shard
    limit greatest(0, ceil($2::float8 / (select count(*) from alive))
      - (select count(*) from forecast_shards where owner = $1))
    for update skip locked
  )
  update forecast_shards s set owner = $1, epoch = s.epoch + 1
  from free where s.shard = free.shard`;

/** Shards of forecasts in PostgreSQL; its clock alone judges who is alive. */
export class PgForecastShardStore implements ForecastShardStore {
  constructor(
    private readonly db: Db,
    private readonly lease: LeaseTerm,
  ) {}

  async round(owner: string): Promise<
    {
      readonly held: readonly ShardClaim[];
      readonly processes: readonly Heartbeat[];
    } | null
  > {
    const results = await this.lease.learn(() => this.#round(owner));
    if (results === null) return null;
    const [held, processes] = results.slice(-2);
    return {
      held: held.map(({ shard, epoch }) => ({
        shard: shard as number,
        epoch: epoch as number,
      })),
      processes: processes.map((row) => ({
        owner: row.owner as string,
        leftMs: row.left_ms as number,
      })),
    };
  }

  #round(owner: string): Promise<readonly (readonly Row[])[] | null> {
    const { ms } = this.lease;
    return this.db.batch([
      {
        sql: HOLD_TOGETHER,
        params: [FORECAST_TASK, FORECASTERS, ms],
        expectRows: 1,
      },
      { sql: BEAT, params: [owner, ms] },
      { sql: FORGET_SILENT },
      { sql: CLAIM, params: [owner, FORECAST_SHARDS] },
      {
        sql: `select shard::int as shard, epoch::float8 as epoch
          from forecast_shards where owner = $1 order by shard`,
        params: [owner],
      },
      {
        sql: `select owner, (1000 * extract(epoch from alive_until - now()))
            ::float8 as left_ms
          from forecast_processes where alive_until >= now()`,
      },
    ]);
  }

  async giveBack(owner: string, shards: readonly number[]): Promise<void> {
    await this.db.query(
      `with given as materialized (
          select shard from forecast_shards
          where owner = $1 and shard = any (($2::text)::int[])
          order by shard for update
        )
        update forecast_shards s set owner = null
        from given where s.shard = given.shard`,
      [owner, numberArray(shards)],
    );
  }

  async bury(owners: readonly string[]): Promise<void> {
    await this.db.query(
      `delete from forecast_processes where owner in (
          select owner from forecast_processes
          where owner = any (($1::text)::text[])
          for update skip locked)`,
      [textArray(owners)],
    );
  }

  /** Its shards are free without it. */
  async leave(owner: string): Promise<void> {
    await this.db.query(
      "delete from forecast_processes where owner = $1",
      [owner],
    );
  }
}

/**
 * What a statement that stores rows of instruments is fenced by: `fenced` of
 * the rows `u`, which have a shard and an epoch, are those whose claim is true,
 * and stays so until the transaction ends; all of them if there are no claims.
 */
export const FENCED = `
  claims as materialized (
    select s.shard from forecast_shards s
    where exists (select from u where u.shard = s.shard and u.epoch = s.epoch)
    order by s.shard for share
  ), fenced as materialized (
    select u.* from u
    where u.shard is null or u.shard in (select shard from claims)
  )`;

/** Shard and epoch of each row, for `FENCED`. */
export function claimParams(
  rows: readonly { readonly symbol: string }[],
  claimOf?: ClaimOf,
): readonly [shards: string, epochs: string] {
  const claims = rows.map(({ symbol }) => claimOf?.(symbol));
  return [
    numberArray(claims.map((claim) => claim?.shard ?? null)),
    numberArray(claims.map((claim) => claim?.epoch ?? null)),
  ];
}
