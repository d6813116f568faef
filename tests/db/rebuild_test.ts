import fc from "fast-check";
import assert from "node:assert/strict";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { checkMinutes } from "../../pipeline/archive/check_minutes.ts";
import { TickArchiver } from "../../pipeline/archive/tick_archiver.ts";
import { MemoryBuffer } from "../../pipeline/buffer/testing/memory_buffer.ts";
import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import { CandleBook } from "../../pipeline/candles/candle_book.ts";
import {
  markEntry,
  reject,
  ticksEntry,
} from "../../pipeline/candles/testing/entries.ts";
import type { FeedKey, StreamEntry } from "../../pipeline/domain/entry.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import {
  epochMicros,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import {
  BEFORE_FIRST,
  type EntryId,
  type PartitionState,
} from "../../pipeline/ports.ts";
import {
  minuteOf,
  NOW,
  onBothDatabases,
  PARTITIONS,
  type TestWarehouse,
} from "./testing.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const P = 0;
/** Short, so that ticks of a few minutes are too late. */
const BOOK = {
  latenessMs: 1_000,
  graceMs: 60_000,
  idleMs: 1_000,
  replayIdleMs: 1_000,
  awayMs: 1_000,
};

/** A tick that a feed has sent, or a line that was not accepted. */
interface Line {
  readonly symbol: string;
  readonly ts: number;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
  readonly bad: boolean;
}

/** One partition from a feed's lines to the warehouse and the archive. */
class World {
  readonly acked: FeedKey;
  readonly plain: FeedKey;
  readonly #lines: Line[] = [];
  #plainSeq = 0;
  #buffer!: MemoryBuffer;
  #archiver!: TickArchiver;
  #state!: PartitionState;
  #book!: CandleBook;
  #readFrom = BEFORE_FIRST;
  #expect = BEFORE_FIRST;
  #incarnation = "";
  /** Named by all readmissions of one claim: one of them counts. */
  #readmission = 1;

  constructor(
    readonly warehouse: TestWarehouse,
    readonly symbols: readonly string[],
    name: string,
  ) {
    this.acked = { feed: `${name}-acked`, epoch: 1 };
    this.plain = { feed: `${name}-plain`, epoch: 1 };
    this.#newBuffer();
  }

  /** A stream that was begun anew. */
  #newBuffer(): void {
    const { archive, aggregate, clock } = this.warehouse;
    this.#buffer = new MemoryBuffer();
    this.#archiver = new TickArchiver({
      buffer: this.#buffer,
      archive,
      clock,
      log: silentLog,
      checkpoint: () => aggregate.checkpoint(),
      settings: { sliceEntries: 2 },
    });
  }

  async claim(): Promise<void> {
    const state = await this.warehouse.aggregate.claim(P, "test");
    assert(state);
    this.#state = state;
    this.#expect = state.position;
    this.#incarnation = await this.#buffer.incarnation(P);
    this.#readFrom = state.incarnation === this.#incarnation
      ? state.position
      : BEFORE_FIRST;
    this.#buffer.raiseFloor(P, state.position);
    this.#readmission = (state.readmittedThrough ?? 0) + 1;
    this.#book = new CandleBook(state, () => alwaysOpen(), BOOK);
  }

  /** The feed sends new lines, and `again` of those that it sent before. */
  async send(lines: readonly Omit<Line, "seq">[], again: number) {
    const first = this.#lines.length + 1;
    this.#lines.push(...lines.map((line, i) => ({ ...line, seq: first + i })));
    await this.#append(this.#lines.slice(Math.max(0, first - 1 - again)));
  }

  async sendPlain(lines: readonly Omit<Line, "seq">[]) {
    if (lines.length === 0) return;
    const ticks = lines.map((line) => ({ ...line, seq: ++this.#plainSeq }));
    const more = { receivedAt: this.#now(), delivery: "best_effort" } as const;
    await this.#put(ticksEntry(this.plain, ticks, more));
  }

  /** Takes back what was too late, as many as are wanted. */
  async readmit(count: number) {
    const rows = await this.warehouse.db.query<{
      incarnation: string;
      id: string;
      index: number;
      feed: string;
      seq: number;
      symbol: string;
      ts: number;
      raw: string;
    }>(
      `select incarnation, entry_id as id, idx as index, feed,
          seq::float8 as seq, symbol, to_micros(ts)::float8 as ts, raw
        from quarantine
        where feed in ($1, $2) and reason = 'too_late' and not readmitted
        order by feed, idx limit $3::int`,
      [this.acked.feed, this.plain.feed, count],
    );
    const feed = rows.at(0)?.feed;
    const same = rows.filter((row) => row.feed === feed);
    if (same.length === 0) return;
    const ticks = same.map(({ raw, ...row }) => {
      const { price, volume } = JSON.parse(raw);
      return { ...row, price: Math.round(price * 100), size: volume };
    });
    const acked = feed === this.acked.feed;
    await this.#put(ticksEntry(acked ? this.acked : this.plain, ticks, {
      kind: "readmit",
      receivedAt: this.#now(),
      received: 0,
      delivery: acked ? "acked" : "best_effort",
      readmission: { n: this.#readmission, rows: same },
    }));
  }

  async mark() {
    await this.#put(markEntry(this.#now()));
  }

  /** Applies what is in the buffer. */
  async commit() {
    const options = { maxEntries: 1_000, maxBytes: 1e9, waitMs: 0 };
    const read = await this.#buffer.read(P, this.#readFrom, options);
    if (read.entries.length === 0) return;
    const change = this.#book.apply(read.entries);
    const result = await this.warehouse.aggregate.commit({
      p: P,
      leaseEpoch: this.#state.leaseEpoch,
      expect: this.#expect,
      incarnation: this.#incarnation,
      ...change,
    });
    assert.equal(result.kind, "committed");
    this.#readFrom = this.#expect = change.next;
  }

  async archive(trim: boolean) {
    const through: EntryId = this.#readFrom;
    await this.#archiver.keepThrough(P, through, this.#incarnation);
    if (trim) await this.#buffer.trim(P, through);
  }

  /** The buffer is lost; the feed sends again what had no ack. */
  async wipe(again: number) {
    await this.archive(false);
    this.#newBuffer();
    const committed = await this.warehouse.feeds.committedSeq(P, this.acked);
    await this.claim();
    await this.#append(this.#lines.slice(Math.max(0, committed - again)));
  }

  report(symbol: string) {
    const around = 3 * MICROS_PER_HOUR;
    return checkMinutes({
      archive: this.warehouse.archive,
      minutes: this.warehouse.minutes,
      buffer: this.#buffer,
      layout: new PartitionLayout(PARTITIONS),
    }, {
      symbol,
      from: minuteOf(NOW - around),
      to: minuteOf(NOW + around),
    });
  }

  #now() {
    return this.warehouse.clock.now();
  }

  async #append(lines: readonly Line[]) {
    if (lines.length === 0) return;
    const good = lines.filter(({ bad }) => !bad);
    const rejects = lines.filter(({ bad }) => bad).map(({ seq }) =>
      reject(seq)
    );
    const more = { receivedAt: this.#now(), rejects };
    await this.#put(ticksEntry(this.acked, good, more));
  }

  async #put(entry: StreamEntry) {
    const { key } = entry;
    const last = await this.#buffer.lastSeq(P, key);
    const chain = { expectLast: last, newLast: last };
    await this.#buffer.append({ p: P, key, ...chain, entry });
  }
}

const line = fc.record({
  symbol: fc.nat(1),
  /** Seconds before now: mostly in time, some within the grace, some not. */
  late: fc.oneof(
    { weight: 6, arbitrary: fc.nat(3) },
    { weight: 2, arbitrary: fc.nat(90) },
    { weight: 1, arbitrary: fc.nat(400) },
  ),
  price: fc.integer({ min: 9_990, max: 10_010 }),
  size: fc.oneof(fc.nat(5), fc.constant(9_000_000_000_000_000)),
  bad: fc.nat(9).map((n) => n === 0),
});
const lines = fc.array(line, { maxLength: 8 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      lines,
      again: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("plain" as const), lines }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("commit" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("archive" as const),
      trim: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("wipe" as const),
      again: fc.nat(12),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("readmit" as const),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("claim" as const) }) },
);

await onBothDatabases((warehouse, test) => {
  test("a rebuild from the archive gives every stored minute, digit by digit", async () => {
    let runs = 0;
    let equal = 0;
    let refused = 0;
    let readmitted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 25 }),
        async (steps) => {
          runs++;
          const world = await worldOf(warehouse, runs);
          for (const step of steps) {
            warehouse.clock.advance(7 * MICROS_PER_SECOND);
            const now = warehouse.clock.now();
            const made = (given: typeof step & { kind: "send" | "plain" }) =>
              given.lines.map(({ symbol, late, ...rest }) => ({
                ...rest,
                symbol: world.symbols[symbol],
                ts: now - late * MICROS_PER_SECOND,
              }));
            switch (step.kind) {
              case "send":
                await world.send(made(step), step.again);
                await world.mark();
                break;
              case "plain":
                await world.sendPlain(made(step));
                break;
              case "commit":
                await world.commit();
                break;
              case "archive":
                await world.archive(step.trim);
                break;
              case "wipe":
                await world.wipe(step.again);
                break;
              case "readmit":
                await world.commit();
                await world.readmit(step.count);
                break;
              case "claim":
                await world.commit();
                await world.claim();
            }
          }
          await world.commit();
          for (const symbol of world.symbols) {
            const report = await world.report(symbol);
            assert.deepEqual(report?.differences, []);
            assert.equal(report?.withoutTicks, 0);
            equal += report!.equal;
          }
          warehouse.clock.time = epochMicros(NOW);
        },
      ),
      { numRuns: 20 },
    );
    [{ refused, readmitted }] = await warehouse.db.query<
      { refused: number; readmitted: number }
    >(
      `select count(*)::float8 as refused,
          count(*) filter (where readmitted)::float8 as readmitted
        from quarantine
        where reason in ('too_late', 'volume_too_large')`,
    );
    assert(equal > 50, "many minutes were compared");
    assert(refused > 10, "many ticks were refused by the book");
    assert(readmitted > 2, "some of them were taken back");
  });

  test("a rebuild tells a minute that its ticks do not give", async () => {
    const world = await worldOf(warehouse, 1_000);
    const [symbol] = world.symbols;
    const tick = { symbol, price: 10_000, size: 1, bad: false };
    await world.send([
      { ...tick, ts: NOW },
      { ...tick, ts: NOW + MICROS_PER_MINUTE },
      { ...tick, ts: NOW + 2 * MICROS_PER_MINUTE },
    ], 0);
    await world.commit();
    const counts = { equal: 3, different: 0, withoutTicks: 0, imported: 0 };
    assert.deepEqual(await world.report(symbol), {
      ...counts,
      differences: [],
    });
    await warehouse.db.script(`
      update candles set high = 101 where interval = '1m' and t =
        from_micros(${minuteOf(NOW)});
      delete from candles where interval = '1m' and t =
        from_micros(${minuteOf(NOW + MICROS_PER_MINUTE)})`);
    const t = minuteOf(NOW);
    assert.deepEqual(await world.report(symbol), {
      ...counts,
      equal: 1,
      different: 2,
      differences: [
        { t, field: "high", stored: "101.00", rebuilt: "100.00" },
        {
          t: minuteOf(NOW + MICROS_PER_MINUTE),
          field: "candle",
          stored: null,
          rebuilt: 1,
        },
      ],
    });
    assert.equal(await world.report("NONE"), null);
  });
});

async function worldOf(warehouse: TestWarehouse, run: number): Promise<World> {
  const symbols: string[] = [];
  for (let i = 0; symbols.length < 2; i++) {
    const symbol = `R${run}.${i}`;
    if (partitionOf(symbol, PARTITIONS) === P) symbols.push(symbol);
  }
  await warehouse.instruments.upsert(symbols.map((symbol) => ({
    symbol,
    name: symbol,
    exchange: "TEST",
    type: "index",
    currency: "INR",
    priceScale: 2,
    sizeScale: 0,
    tickSize: "0.01",
    lotSize: 1,
    calendar: "24x7",
    costBps: 2,
    auto: false,
    note: null,
    validFrom: null,
    validTo: null,
  })));
  const world = new World(warehouse, symbols, `run${run}`);
  await world.claim();
  return world;
}
