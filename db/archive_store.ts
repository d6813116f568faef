import { Buffer } from "node:buffer";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
} from "../pipeline/domain/time.ts";
import {
  type ArchivedEntry,
  BEFORE_FIRST,
  type EntryId,
  type RefusedTicks,
  type StreamedEntry,
  type TickArchive,
} from "../pipeline/ports.ts";
import type { Db } from "./db.ts";
import { numberArray, textArray, timestampText } from "./sql_values.ts";

/** Entries of one answer: each has up to some ten thousand ticks. */
const PAGE_ENTRIES = 256;
/** As the column `wide`: entries that span less are found by their start. */
const WIDE_MICROS = 600_000_000;

/** The archive as a table with a partition a day. */
export class PgTickArchive implements TickArchive {
  readonly #days = new Set<string>();

  constructor(private readonly db: Db) {}

  async keep(
    p: number,
    incarnation: string,
    { through, entries }: {
      readonly through: EntryId;
      readonly entries: readonly ArchivedEntry[];
    },
  ): Promise<void> {
    await this.#makeDays(entries);
    const [major, minor] = through.split("-");
    const kept = this.db.batch([
      ...entries.length === 0 ? [] : [{
        sql: KEEP,
        params: [
          p,
          incarnation,
          ...idColumns(entries),
          textArray(entries.map(({ receivedAt }) => dayOf(receivedAt))),
          numberArray(entries.map(({ receivedAt }) => receivedAt)),
          numberArray(entries.map(({ from }) => from)),
          numberArray(entries.map(({ to }) => to)),
          textArray(entries.map(({ symbols }) => textArray(symbols))),
          `{${entries.map(({ bytes }) => base64(bytes)).join(",")}}`,
        ],
      }],
      { sql: KEEP_PROGRESS, params: [p, incarnation, major, minor] },
    ]);
    await kept.catch((error) => {
      // Another process may have dropped a day: asked again, it is made anew.
      this.#days.clear();
      throw error;
    });
  }

  async archivedThrough(p: number, incarnation: string): Promise<EntryId> {
    const [row] = await this.db.query<{ id: EntryId }>(
      `select major || '-' || minor as id from tick_archive_progress
        where p = $1::int and incarnation = $2`,
      [p, incarnation],
    );
    return row?.id ?? BEFORE_FIRST;
  }

  async *entries(
    { p, symbol, from, to }: {
      readonly p: number;
      readonly symbol: string;
      readonly from: EpochMicros;
      readonly to: EpochMicros;
    },
  ): AsyncGenerator<readonly StreamedEntry[]> {
    let after: readonly [string, string, string] = ["", "-1", "-1"];
    for (;;) {
      const rows = await this.db.query<{
        incarnation: string;
        major: string;
        minor: string;
        bytes: string;
      }>(ENTRIES, [p, symbol, from, to, ...after, PAGE_ENTRIES]);
      if (rows.length > 0) {
        yield rows.map(({ incarnation, major, minor, bytes }) => ({
          incarnation,
          id: `${major}-${minor}` as EntryId,
          bytes: new Uint8Array(Buffer.from(bytes, "base64")),
        }));
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_ENTRIES) return;
      after = [last.incarnation, last.major, last.minor];
    }
  }

  async refused(
    p: number,
    { entries, numbers }: Parameters<TickArchive["refused"]>[1],
  ): Promise<RefusedTicks> {
    const places = entries.length === 0 ? [] : await this.db.query<{
      incarnation: string;
      id: EntryId;
      index: number;
      readmitted: boolean;
    }>(
      `select q.incarnation, q.entry_id as id, q.idx as index, q.readmitted
        from unnest(($2::text)::text[], ($3::text)::text[])
          as u(incarnation, entry_id)
        join quarantine q on q.p = $1::int and q.incarnation = u.incarnation
          and q.entry_id = u.entry_id`,
      [
        p,
        textArray(entries.map(({ incarnation }) => incarnation)),
        textArray(entries.map(({ id }) => id)),
      ],
    );
    const refused = numbers.length === 0 ? [] : await this.db.query<{
      feed: string;
      epoch: number;
      seq: number;
    }>(
      `select q.feed, q.epoch::float8 as epoch, q.seq::float8 as seq
        from unnest(($2::text)::text[], ($3::text)::int8[],
          ($4::text)::int8[], ($5::text)::int8[]) as u(feed, epoch, lo, hi)
        join quarantine q on q.p = $1::int and q.feed = u.feed
          and q.epoch = u.epoch and q.seq between u.lo and u.hi
        where not q.readmitted`,
      [
        p,
        textArray(numbers.map(({ key }) => key.feed)),
        numberArray(numbers.map(({ key }) => key.epoch)),
        numberArray(numbers.map(({ from }) => from)),
        numberArray(numbers.map(({ to }) => to)),
      ],
    );
    return {
      places,
      numbers: refused.map(({ feed, epoch, seq }) => ({
        key: { feed, epoch },
        seq,
      })),
    };
  }

  async dropBefore(time: EpochMicros): Promise<number> {
    const [row] = await this.db.query<{ dropped: number }>(
      "select drop_archive_days($1::date) as dropped",
      [dayOf(time)],
    );
    if (row.dropped > 0) this.#days.clear();
    return row.dropped;
  }

  async #makeDays(entries: readonly ArchivedEntry[]): Promise<void> {
    const days = new Set(entries.map(({ receivedAt }) => dayOf(receivedAt)));
    for (const day of days) {
      if (this.#days.has(day)) continue;
      await this.db.query("select make_archive_day($1::date)", [day]);
      this.#days.add(day);
    }
  }
}

const KEEP = `
  insert into tick_archive (p, incarnation, major, minor, day, received_at,
    from_ts, to_ts, symbols, bytes)
  select $1::int, $2, major, minor, day, from_micros(received_at), from_ts,
    to_ts, symbols::text[], decode(bytes, 'base64')
  from unnest(($3::text)::int8[], ($4::text)::int8[], ($5::text)::date[],
    ($6::text)::int8[], ($7::text)::int8[], ($8::text)::int8[],
    ($9::text)::text[], ($10::text)::text[])
    as u(major, minor, day, received_at, from_ts, to_ts, symbols, bytes)
  on conflict do nothing`;

const KEEP_PROGRESS = `
  insert into tick_archive_progress as a (p, incarnation, major, minor)
  values ($1::int, $2, $3::int8, $4::int8)
  on conflict (p, incarnation) do update set
    major = excluded.major, minor = excluded.minor
  where (a.major, a.minor) < (excluded.major, excluded.minor)`;

const COLUMNS = "incarnation, major, minor, bytes";
const AFTER = `p = $1::int and $2 = any(symbols)
  and (incarnation, major, minor) > ($5, $6::int8, $7::int8)`;
const ENTRIES = `
  select incarnation, major::text as major, minor::text as minor,
    encode(bytes, 'base64') as bytes
  from (
    select ${COLUMNS} from tick_archive
    where not wide and from_ts >= $3::int8 - ${WIDE_MICROS}
      and from_ts < $4::int8 and to_ts >= $3::int8 and ${AFTER}
    union all
    select ${COLUMNS} from tick_archive
    where wide and from_ts < $4::int8 and to_ts >= $3::int8 and ${AFTER}
  ) found
  order by incarnation, found.major, found.minor
  limit $8::int`;

function idColumns(entries: readonly ArchivedEntry[]): readonly string[] {
  const parts = entries.map(({ id }) => id.split("-").map(Number));
  return [
    numberArray(parts.map(([major]) => major)),
    numberArray(parts.map(([, minor]) => minor)),
  ];
}

/** The day in UTC, as `2026-11-24`. */
function dayOf(time: EpochMicros): string {
  const start = Math.floor(time / MICROS_PER_DAY) * MICROS_PER_DAY;
  return timestampText(epochMicros(start)).slice(0, 10);
}

function base64(bytes: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = bytes;
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}
