import type { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import type {
  LeaseRound,
  LeaseStore,
  PartitionLease,
} from "../pipeline/ports.ts";
import type { Db, Statement } from "./db.ts";
import type { LeaseTerm } from "./lease_term.ts";
import { numberArray, textArray } from "./sql_values.ts";

/**
 * Part of a lease; one that has more left is not renewed. At the next round it
 * still has half of it.
 */
const LEFT = 0.7;

/**
 * And forgets who says nothing any more, after its own row and waiting for
 * nobody, so that two never wait for each other.
 */
const BEAT = `
  with gone as (
    delete from processes where owner in (
      select owner from processes where alive_until < now() and owner <> $1
      for update skip locked)
  )
  insert into processes (owner, alive_until)
  values ($1, now() + ($2::float8 * interval '1 millisecond'))
  on conflict (owner) do update set alive_until = excluded.alive_until`;

const PROCESSES = `
  select owner, (1000 * extract(epoch from alive_until - now()))::float8
    as left_ms
  from processes where alive_until >= now()`;

/**
 * One that a commit has just renewed is left alone, so that rows are not
 * written twice. One that a commit has locked is renewed by that commit:
 * waiting for it would cost the others their leases.
 */
const RENEW = `
  with u as (
    select * from unnest(($1::text)::int[], ($2::text)::int8[])
      as u(p, lease_epoch)
  ), mine as materialized (
    select o.p, o.lease_until from offsets o join u using (p, lease_epoch)
    where o.lease_until > '-infinity'
  ), free as materialized (
    select o.p from offsets o where o.p in (
      select p from mine where lease_until <
        now() + (${LEFT} * $3::float8 * interval '1 millisecond')
    ) for update skip locked
  ), renewed as (
    update offsets o
    set lease_until = now() + ($3::float8 * interval '1 millisecond')
    from u
    where o.p = u.p and o.lease_epoch = u.lease_epoch
      and o.lease_until > '-infinity' and o.p in (select p from free)
  )
  select p from mine`;

/** Of `$1` partitions whose streams are called `$2`; some have no row yet. */
const FREE = `
  select p from generate_series(0, $1::int - 1) as p
  where not exists (
    select from offsets o
    where o.p = p.p and (o.lease_until >= now() or o.stream <> $2)
  ) order by p`;

/** Leases that only the database's clock judges. */
export class PgLeaseStore implements LeaseStore {
  constructor(
    private readonly db: Db,
    private readonly lease: LeaseTerm,
    /** Only its streams are free. */
    private readonly layout: PartitionLayout,
  ) {}

  async round(
    owner: string,
    { held, isCounted }: {
      readonly held: readonly PartitionLease[];
      readonly isCounted: boolean;
    },
  ): Promise<LeaseRound> {
    const { ms } = this.lease;
    const { partitions, tag } = this.layout.now;
    const results = await this.lease.learn(() =>
      this.db.batch([
        ...isCounted ? [{ sql: BEAT, params: [owner, ms] }] : leaving(owner),
        { sql: PROCESSES },
        {
          sql: RENEW,
          params: [
            numberArray(held.map(({ p }) => p)),
            numberArray(held.map(({ leaseEpoch }) => leaseEpoch)),
            ms,
          ],
        },
        { sql: FREE, params: [partitions, tag] },
      ], { shares: { ms: 0 } })
    );
    const [processes, kept, free] = results!.slice(-3);
    return {
      processes: processes.map((row) => ({
        owner: row.owner as string,
        leftMs: row.left_ms as number,
      })),
      kept: kept.map(({ p }) => p as number),
      free: free.map(({ p }) => p as number),
    };
  }

  async bury(owners: readonly string[]): Promise<readonly number[]> {
    const results = await this.db.batch([
      {
        sql: `update offsets set lease_until = '-infinity' where p in (
            select p from offsets
            where owner = any (($1::text)::text[]) and lease_until > now()
            for update skip locked)
          returning p`,
        params: [textArray(owners)],
      },
      {
        sql: `delete from task_leases where task in (
            select task from task_leases
            where owner = any (($1::text)::text[])
            for update skip locked)`,
        params: [textArray(owners)],
      },
    ]);
    return results![0].map(({ p }) => p as number);
  }

  async hold(task: string, owner: string): Promise<boolean> {
    const rows = await this.db.query(
      `insert into task_leases as t (task, owner, lease_until)
        values ($1, $2, now() + ($3::float8 * interval '1 millisecond'))
        on conflict (task) do update set owner = excluded.owner,
          lease_until = excluded.lease_until
        where t.owner = excluded.owner or t.lease_until < now()
        returning task`,
      [task, owner, this.lease.ms],
    );
    return rows.length === 1;
  }

  async release(task: string, owner: string): Promise<void> {
    await this.db.query(
      "delete from task_leases where task = $1 and owner = $2",
      [task, owner],
    );
  }

  async leave(owner: string): Promise<void> {
    await this.db.batch(leaving(owner));
  }
}

function leaving(owner: string): readonly Statement[] {
  return [
    { sql: "delete from processes where owner = $1", params: [owner] },
    { sql: "delete from task_leases where owner = $1", params: [owner] },
  ];
}
