import type { MayWait, NodeStore, SharedNode } from "../pipeline/ports.ts";
import type { Db, Row } from "./db.ts";
import { micros } from "./sql_values.ts";

/** Some beats may be late. */
const ALIVE_MS = 5_000;

/**
 * Says that a process is there, forgets those that are not, and finds whether
 * its node is to be drained. Its own row comes first, as that of the statement
 * itself, and those that are gone wait for nobody: two that forget each other
 * never wait for each other.
 */
const BEAT = `
  with gone as (
    delete from nodes where owner in (
      select owner from nodes where alive_until < now() and owner <> $1
      for update skip locked)
  )
  insert into nodes (owner, node, roles, started_at, alive_until, drained)
  values ($1, $2, $3, from_micros($4::int8),
    now() + ($5::float8 * interval '1 millisecond'), $6::boolean)
  on conflict (owner) do update set
    alive_until = excluded.alive_until, drained = excluded.drained
  returning exists (select from drained_nodes where node = $2) as to_drain`;

/** Processes that are there. */
export const NODES = `
  select n.owner, n.node, n.roles, n.drained,
    to_micros(n.started_at)::float8 as started_at,
    d.node is not null as to_drain
  from nodes n left join drained_nodes d using (node)
  where n.alive_until >= now()
  order by n.node, n.started_at`;

/** What processes say of themselves, in the warehouse. */
export class PgNodeStore implements NodeStore {
  constructor(private readonly db: Db) {}

  async beat(
    { owner, node, roles, startedAt, drained }: Omit<SharedNode, "toDrain">,
    shares?: MayWait,
  ): Promise<boolean> {
    const results = await this.db.batch([{
      sql: BEAT,
      params: [owner, node, roles.join(","), startedAt, ALIVE_MS, drained],
    }], { shares });
    return results![0][0].to_drain as boolean;
  }

  async leave(owner: string): Promise<void> {
    await this.db.query("delete from nodes where owner = $1", [owner]);
  }

  async all(): Promise<readonly SharedNode[]> {
    return (await this.db.query(NODES)).map(nodeOf);
  }

  async drain(node: string, toDrain: boolean): Promise<void> {
    await this.db.query(
      toDrain
        ? "insert into drained_nodes (node) values ($1) on conflict do nothing"
        : "delete from drained_nodes where node = $1",
      [node],
    );
  }
}

/** A row of `NODES`. */
export function nodeOf(row: Row): SharedNode {
  return {
    owner: row.owner as string,
    node: row.node as string,
    roles: (row.roles as string).split(","),
    startedAt: micros(row.started_at),
    drained: row.drained as boolean,
    toDrain: row.to_drain as boolean,
  };
}
