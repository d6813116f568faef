/// <reference lib="deno.worker" />
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { assert } from "../domain/assert.ts";
import type {
  AppendOutcome,
  AppendRow,
  Call,
  Operation,
  Operations,
  ReadRow,
  Reply,
} from "./sqlite_protocol.ts";

/**
 * Streams lie one behind the other in one table: the key of an entry is
 * p x 2^40 + n, so that an append goes to the end of its stream and a read is a
 * range, with no index besides.
 */
const STREAM_SPAN = 2 ** 40;
/** Entries that one transaction of a trim forgets; appends come in between. */
const TRIM_SLICE = 256;

const SCHEMA = `
  create table if not exists meta (
    name text primary key, value text not null
  ) strict, without rowid;
  create table if not exists entries (
    key integer primary key, at integer not null, bytes blob not null
  ) strict;
  -- newest never falls, also when every entry was trimmed.
  create table if not exists streams (
    p integer primary key, newest integer not null, newest_at integer not null,
    entries integer not null, bytes integer not null
  ) strict;
  create table if not exists chains (
    p integer not null, feed text not null, epoch integer not null,
    last integer not null, primary key (p, feed, epoch)
  ) strict, without rowid;
`;
const VERSION = 2;
/** By version: what makes a file of it one of the next version. */
const UPGRADES: Readonly<Record<number, string>> = {
  // the last append of a chain that said who asked for it, and its entry
  1: `
    alter table chains add column writer text;
    alter table chains add column n integer not null default 0;
    alter table chains add column entry integer not null default 0;
  `,
};

interface Stream {
  newest: number;
  newestAt: number;
  entries: number;
  bytes: number;
}

/** The file, and everything that is done to it; all calls are synchronous. */
class StreamFile {
  readonly incarnation: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #streams = new Map<number, Stream>();

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec("pragma page_size = 8192");
    this.#db.exec("pragma journal_mode = wal");
    this.#db.exec("pragma synchronous = full");
    this.#db.exec("pragma wal_autocheckpoint = 2000");
    this.#db.exec("pragma journal_size_limit = 67108864");
    this.#db.exec(SCHEMA);
    this.#run(
      "insert or ignore into meta values ('incarnation', ?), ('version', '1')",
      crypto.randomUUID(),
    );
    this.#upgrade(path);
    this.incarnation = this.#meta("incarnation");
    this.#loadStreams();
  }

  #upgrade(path: string): void {
    this.#transaction(() => {
      let version = Number(this.#meta("version"));
      for (; version in UPGRADES; version++) this.#db.exec(UPGRADES[version]);
      if (version !== VERSION) {
        throw new Error(
          `Cannot open ${path} of version ${version} as it must be ${VERSION}`,
        );
      }
      this.#run(
        "update meta set value = ? where name = 'version'",
        String(version),
      );
    });
  }

  #meta(name: string): string {
    const [row] = this.#all("select value from meta where name = ?", name);
    return String(row.value);
  }

  append(rows: readonly AppendRow[]): AppendOutcome[] {
    return this.#transaction(() => rows.map((row) => this.#appendOne(row)));
  }

  lastSeq(p: number, feed: string, epoch: number): number {
    const [row] = this.#all(
      "select last from chains where p = ? and feed = ? and epoch = ?",
      p,
      feed,
      epoch,
    );
    return Number(row?.last ?? 0);
  }

  read(
    { p, after, through, maxEntries, maxBytes }: Operations["read"]["given"],
  ): ReadRow[] {
    const rows: ReadRow[] = [];
    let sum = 0;
    const found = this.#statement(
      "select key, bytes from entries where key > ? and key < ? order by key " +
        "limit ?",
    ).iterate(
      keyOf(p, after),
      through === undefined ? keyOf(p + 1, 0) : keyOf(p, through) + 1,
      maxEntries,
    ) as Iterable<{ key: number; bytes: Uint8Array<ArrayBuffer> }>;
    for (const { key, bytes } of found) {
      sum += bytes.length;
      if (rows.length > 0 && sum > maxBytes) break;
      rows.push({ n: key - p * STREAM_SPAN, bytes });
    }
    return rows;
  }

  /** Forgets some entries up to `through`; true if there are more. */
  trimSlice(p: number, through: number): boolean {
    return this.#transaction(() => {
      const [cut] = this.#all(
        `select count(*) as entries, sum(length(bytes)) as bytes,
          max(key) as key
        from (
          select key, bytes from entries where key > ? and key <= ?
          order by key limit ?
        )`,
        keyOf(p, 0),
        keyOf(p, through),
        TRIM_SLICE,
      );
      if (Number(cut.entries) === 0) return false;
      this.#run(
        "delete from entries where key > ? and key <= ?",
        keyOf(p, 0),
        Number(cut.key),
      );
      const stream = this.#stream(p);
      stream.entries -= Number(cut.entries);
      stream.bytes -= Number(cut.bytes);
      this.#saveStream(p, stream);
      return Number(cut.entries) === TRIM_SLICE;
    });
  }

  newest(p: number): number {
    return this.#stream(p).newest;
  }

  /**
   * Times in a stream never fall, so that this is a search by halves, of
   * numbers: a raised floor leaves a hole in them.
   */
  newestBefore(p: number, time: number): number {
    const [edge] = this.#all(
      "select min(key) as low, max(key) as high from entries " +
        "where key > ? and key < ?",
      keyOf(p, 0),
      keyOf(p + 1, 0),
    );
    if (edge.low === null) return 0;
    // every entry before low is older, every one from high on is not
    let low = Number(edge.low);
    let high = Number(edge.high) + 1;
    let found = 0;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [row] = this.#all(
        "select key, at from entries where key >= ? order by key limit 1",
        middle,
      );
      if (Number(row.at) < time) {
        found = Number(row.key) - p * STREAM_SPAN;
        low = Number(row.key) + 1;
      } else high = middle;
    }
    return found;
  }

  stats(): { entries: number; bytes: number } {
    let entries = 0;
    let bytes = 0;
    for (const stream of this.#streams.values()) {
      entries += stream.entries;
      bytes += stream.bytes;
    }
    return { entries, bytes };
  }

  close(): void {
    this.#db.close();
  }

  #appendOne(row: AppendRow): AppendOutcome {
    const { from } = row;
    const [chain] = this.#all(
      "select last, writer, n, entry from chains " +
        "where p = ? and feed = ? and epoch = ?",
      row.p,
      row.feed,
      row.epoch,
    );
    if (chain && from && chain.writer === from.writer) {
      if (from.n <= Number(chain.n)) return { n: Number(chain.entry) };
    }
    const last = Number(chain?.last ?? 0);
    if (last !== row.expectLast) return { last };
    const stream = this.#stream(row.p);
    stream.newest = Math.max(stream.newest, row.floor) + 1;
    stream.newestAt = Math.max(stream.newestAt, row.at);
    stream.entries++;
    stream.bytes += row.bytes.length;
    this.#run(
      "insert into entries values (?, ?, ?)",
      keyOf(row.p, stream.newest),
      stream.newestAt,
      row.bytes,
    );
    this.#saveStream(row.p, stream);
    if (row.newLast !== last || from) this.#saveChain(row, stream.newest);
    return { n: stream.newest };
  }

  #saveChain(row: AppendRow, entry: number): void {
    const { p, feed, epoch, newLast, from } = row;
    if (from === null) {
      this.#run(
        "insert into chains (p, feed, epoch, last) values (?, ?, ?, ?) " +
          "on conflict do update set last = excluded.last",
        p,
        feed,
        epoch,
        newLast,
      );
      return;
    }
    this.#run(
      "insert into chains (p, feed, epoch, last, writer, n, entry) " +
        "values (?, ?, ?, ?, ?, ?, ?) on conflict do update set " +
        "last = excluded.last, writer = excluded.writer, n = excluded.n, " +
        "entry = excluded.entry",
      p,
      feed,
      epoch,
      newLast,
      from.writer,
      from.n,
      entry,
    );
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec("begin immediate");
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback");
      this.#loadStreams();
      throw error;
    }
  }

  #stream(p: number): Stream {
    let stream = this.#streams.get(p);
    if (!stream) {
      stream = { newest: 0, newestAt: 0, entries: 0, bytes: 0 };
      this.#streams.set(p, stream);
    }
    return stream;
  }

  #saveStream(p: number, stream: Stream): void {
    this.#run(
      "insert or replace into streams values (?, ?, ?, ?, ?)",
      p,
      stream.newest,
      stream.newestAt,
      stream.entries,
      stream.bytes,
    );
  }

  #loadStreams(): void {
    this.#streams.clear();
    for (const row of this.#all("select * from streams")) {
      this.#streams.set(Number(row.p), {
        newest: Number(row.newest),
        newestAt: Number(row.newest_at),
        entries: Number(row.entries),
        bytes: Number(row.bytes),
      });
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: (number | string | Uint8Array)[]): void {
    this.#statement(sql).run(...values);
  }

  #all(sql: string, ...values: (number | string)[]) {
    return this.#statement(sql).all(...values);
  }
}

function keyOf(p: number, n: number): number {
  return p * STREAM_SPAN + n;
}

let file: StreamFile | null = null;

function opened(): StreamFile {
  assert(file !== null, "the file is opened first and closed last");
  return file;
}

const operations: {
  [O in Operation]: (
    given: Operations[O]["given"],
  ) => Operations[O]["returned"] | Promise<Operations[O]["returned"]>;
} = {
  open({ path }) {
    file = new StreamFile(path);
    return { incarnation: file.incarnation };
  },
  append: ({ rows }) => opened().append(rows),
  lastSeq: ({ p, feed, epoch }) => opened().lastSeq(p, feed, epoch),
  read: (given) => opened().read(given),
  async trim({ p, through }) {
    while (file?.trimSlice(p, through)) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return null;
  },
  newest: ({ p }) => opened().newest(p),
  newestBefore: ({ p, time }) => opened().newestBefore(p, time),
  stats: () => opened().stats(),
  close() {
    opened().close();
    file = null;
    return null;
  },
};

self.onmessage = async ({ data }: MessageEvent<Call>) => {
  let reply: Reply;
  const transfer: ArrayBuffer[] = [];
  try {
    const run = operations[data.operation] as (given: unknown) => unknown;
    const returned = await run(data.given);
    reply = { id: data.id, returned };
    if (data.operation === "read") {
      for (const { bytes } of returned as ReadRow[]) {
        transfer.push(bytes.buffer);
      }
    }
  } catch (error) {
    reply = {
      id: data.id,
      failed: error instanceof Error ? error.message : String(error),
    };
  }
  self.postMessage(reply, transfer);
};
