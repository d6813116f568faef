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
import type { Db, Row } from "./db.ts";
import { numberArray, textArray, timestampText } from "./sql_values.ts";

/** What one answer brings. */
const PAGE_ENTRIES = 2_048;
const PAGE_BYTES = 2 * 1_048_576;
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
    const range = [p, symbol, from, to];
    const keys = await this.db.query<Key>(FIND, range);
    for (const page of pagesOf(keys)) {
      const [first, last] = [page[0], page[page.length - 1]];
      const { incarnation } = first;
      const rows = await this.db.query<{ id: EntryId; bytes: string }>(FETCH, [
        ...range,
        incarnation,
        first.day,
        first.major,
        first.minor,
        last.major,
        last.minor,
      ]);
      yield rows.map(({ id, bytes }) => ({
        incarnation,
        id,
        bytes: new Uint8Array(Buffer.from(bytes, "base64")),
      }));
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
    // Never in a pack: a line that holds no tick holds none in any stream.
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

/** Which entries there are, in the order of their streams. */
const FIND = `
  with found as (
    select * from tick_archive
    where p = $1::int and not wide and from_ts >= $3::int8 - ${WIDE_MICROS}
      and from_ts < $4::int8 and to_ts >= $3::int8 and $2 = any(symbols)
    union all
    select * from tick_archive
    where p = $1::int and wide and from_ts < $4::int8 and to_ts >= $3::int8
      and $2 = any(symbols)
  )
  select incarnation, day::text as day, major::text as major,
    minor::text as minor, octet_length(bytes) as bytes
  from found order by incarnation, found.day, found.major, found.minor`;

/** Those of them that are in one stream and day, from one to another. */
const FETCH = `
  select major || '-' || minor as id, encode(bytes, 'base64') as bytes
  from tick_archive
  where p = $1::int and incarnation = $5 and day = $6::date
    and (major, minor) >= ($7::int8, $8::int8)
    and (major, minor) <= ($9::int8, $10::int8)
    and from_ts < $4::int8 and to_ts >= $3::int8 and $2 = any(symbols)
  order by major, minor`;

interface Key extends Row {
  readonly incarnation: string;
  readonly day: string;
  readonly major: string;
  readonly minor: string;
  readonly bytes: number;
}

/** Runs of one stream and day, each of a bounded size. */
function pagesOf(keys: readonly Key[]): readonly (readonly Key[])[] {
  const pages: Key[][] = [];
  let bytes = 0;
  for (const key of keys) {
    const page = pages.at(-1);
    const before = page?.[0];
    bytes += key.bytes;
    if (
      page && before?.incarnation === key.incarnation &&
      before.day === key.day && page.length < PAGE_ENTRIES &&
      bytes <= PAGE_BYTES
    ) {
      page.push(key);
    } else {
      pages.push([key]);
      bytes = key.bytes;
    }
  }
  return pages;
}

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
