import type { Heartbeat, LeaseStore } from "../pipeline/ports.ts";
import type { Db } from "./db.ts";
import type { LeaseTerm } from "./lease_term.ts";
import { textArray } from "./sql_values.ts";

/** Leases that only the database's clock judges. */
export class PgLeaseStore implements LeaseStore {
  constructor(
    private readonly db: Db,
    private readonly lease: LeaseTerm,
  ) {}

  async heartbeat(owner: string): Promise<readonly Heartbeat[]> {
    const results = await this.lease.learn(() => this.#beat(owner));
    return results![2].map((row) => ({
      owner: row.owner as string,
      leftMs: row.left_ms as number,
    }));
  }

  #beat(owner: string) {
    return this.db.batch([
      {
        sql: `insert into processes (owner, alive_until)
          values ($1, now() + ($2::float8 * interval '1 millisecond'))
          on conflict (owner) do update set alive_until = excluded.alive_until`,
        params: [owner, this.lease.ms],
      },
      // Waiting for nobody, so that two never wait for each other.
      {
        sql: `delete from processes where owner in (
            select owner from processes where alive_until < now()
            for update skip locked)`,
      },
      {
        sql: `select owner, (1000 * extract(epoch from alive_until - now()))
            ::float8 as left_ms
          from processes where alive_until >= now()`,
      },
    ]);
  }

  async bury(owners: readonly string[]): Promise<void> {
    await this.db.batch([
      {
        sql: `update offsets set lease_until = '-infinity' where p in (
            select p from offsets
            where owner = any (($1::text)::text[]) and lease_until > now()
            for update skip locked)`,
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
    await this.db.batch([
      { sql: "delete from processes where owner = $1", params: [owner] },
      { sql: "delete from task_leases where owner = $1", params: [owner] },
    ]);
  }
}
