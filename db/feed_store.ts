import { assert } from "../pipeline/domain/assert.ts";
import type { Delivery } from "../pipeline/domain/entry.ts";
import type {
  CommittedPartition,
  EntryId,
  FeedActivity,
  FeedActivityStore,
  FeedKey,
  FeedStore,
  MayWait,
  WarehouseContent,
} from "../pipeline/ports.ts";
import { progressOf } from "./partition_state.ts";
import type { Db } from "./db.ts";
import { numberArray, textArray } from "./sql_values.ts";

/** What feeds were told, and what is known of them. */
export class PgFeedStore implements FeedStore, FeedActivityStore {
  constructor(private readonly db: Db) {}

  async loadAck(
    feed: string,
    epoch?: number,
  ): Promise<{ readonly epoch: number; readonly seq: number } | null> {
    const [row] = await this.db.query<{ epoch: number; seq: number }>(
      `select epoch::float8 as epoch, seq::float8 as seq from feed_acks
        where feed = $1 and epoch = coalesce($2::int8, epoch)
        order by feed_acks.epoch desc limit 1`,
      [feed, epoch ?? null],
    );
    return row ?? null;
  }

  /** An ack never falls: what a feed was told to forget stays told. */
  async saveAcks(
    acks: readonly { key: FeedKey; seq: number }[],
  ): Promise<void> {
    if (acks.length === 0) return;
    await this.db.query(
      `insert into feed_acks as a (feed, epoch, seq)
        select feed, epoch, max(seq)
        from unnest(($1::text)::text[], ($2::text)::int8[], ($3::text)::int8[])
          as u(feed, epoch, seq)
        group by feed, epoch
        on conflict (feed, epoch) do update set
          seq = greatest(a.seq, excluded.seq)`,
      [
        textArray(acks.map(({ key }) => key.feed)),
        numberArray(acks.map(({ key }) => key.epoch)),
        numberArray(acks.map(({ seq }) => seq)),
      ],
    );
  }

  async committedSeq(p: number, key: FeedKey): Promise<number> {
    const [row] = await this.db.query<{ last_seq: number }>(
      `select last_seq::float8 as last_seq from feed_totals
        where p = $1::int and feed = $2 and epoch = $3::int8`,
      [p, key.feed, key.epoch],
    );
    return row?.last_seq ?? 0;
  }

  async committed(
    keys: readonly FeedKey[],
    shares?: MayWait,
  ): Promise<readonly CommittedPartition[]> {
    const results = await this.db.batch([{
      sql:
        `select o.p, o.position, o.incarnation, t.feed, t.epoch::float8 as epoch,
          t.last_seq::float8 as last_seq
        from offsets o left join (
          feed_totals t join
          unnest(($1::text)::text[], ($2::text)::int8[]) as u(feed, epoch)
          on t.feed = u.feed and t.epoch = u.epoch
        ) on t.p = o.p
        order by o.p`,
      params: [
        textArray(keys.map(({ feed }) => feed)),
        numberArray(keys.map(({ epoch }) => epoch)),
      ],
    }], { shares });
    const rows = results![0] as readonly {
      readonly p: number;
      readonly position: EntryId;
      readonly incarnation: string | null;
      readonly feed: string | null;
      readonly epoch: number | null;
      readonly last_seq: number | null;
    }[];
    return [...Map.groupBy(rows, ({ p }) => p)].map(([p, group]) => ({
      p,
      position: group[0].position,
      incarnation: group[0].incarnation,
      feeds: group.flatMap(({ feed, epoch, last_seq: lastSeq }) =>
        feed === null || epoch === null || lastSeq === null
          ? []
          : [{ key: { feed, epoch }, lastSeq }]
      ),
    }));
  }

  async content(): Promise<WarehouseContent | null> {
    const [row] = await this.db.query<{ value: string }>(
      "select value from meta where name = 'content'",
    );
    return row ? contentOf(row.value) : null;
  }

  async claimContent(content: WarehouseContent): Promise<WarehouseContent> {
    return contentOf(await claimMeta(this.db, "content", content));
  }

  async activity(): Promise<readonly FeedActivity[]> {
    const rows = await this.db.query(
      `select distinct on (f.instrument_id) f.feed, f.epoch::float8 as epoch,
          i.symbol, to_micros(f.max_event)::float8 as max_event,
          to_micros(f.last_received)::float8 as last_received, f.replay,
          f.ended, t.delivery, t.connected
        from feed_progress f
        join instruments i on i.id = f.instrument_id
        join feed_totals t
          on t.p = f.p and t.feed = f.feed and t.epoch = f.epoch
        order by f.instrument_id, f.max_event desc, f.last_received desc`,
    );
    return rows.map((row) => ({
      ...progressOf(row),
      delivery: row.delivery as Delivery,
      connected: row.connected as boolean,
    }));
  }
}

function contentOf(text: string): WarehouseContent {
  assert(
    text === "simulated" || text === "real",
    `a warehouse holds simulated or real ticks, not ${text}`,
  );
  return text;
}

/**
 * Says a fact of the whole warehouse, once: the first to say it wins.
 *
 * @returns What it is.
 */
export async function claimMeta(
  db: Db,
  name: string,
  value: string,
): Promise<string> {
  const results = await db.batch([
    {
      sql: "insert into meta values ($1, $2) on conflict do nothing",
      params: [name, value],
    },
    { sql: "select value from meta where name = $1", params: [name] },
  ]);
  assert(results !== null, "nothing was asked that could be refused");
  return results[1][0].value as string;
}
