import assert from "node:assert/strict";
import { PartitionLayout } from "../domain/partition_layout.ts";
import fc from "fast-check";
import { alwaysOpen } from "../calendars/always_open.ts";
import { CandleBook } from "../candles/candle_book.ts";
import { reject, ticksEntry } from "../candles/testing/entries.ts";
import { MemoryStore } from "../candles/testing/memory_store.ts";
import { feedKeyText, type StreamEntry } from "../domain/entry.ts";
import { partitionOf } from "../domain/hash.ts";
import type { Instrument } from "../domain/instrument.ts";
import {
  type QuarantineId,
  quarantineIdText,
} from "../domain/quarantine_id.ts";
import type { Reject } from "../domain/tick.ts";
import { epochMicros, fromMillis } from "../domain/time.ts";
import type {
  AppendRequest,
  Clock,
  EntryId,
  QuarantinedRow,
  QuarantineStore,
  ReadEntry,
  TickBuffer,
} from "../ports.ts";
import { ReadmissionDesk } from "./readmission_desk.ts";

const FEED = { feed: "nse", epoch: 1 };
const ALWAYS = alwaysOpen();
const START = 1_764_028_800_000;

const INSTRUMENT: Instrument = {
  id: 1,
  symbol: "A",
  name: "A",
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
};

/** A reject with a whole tick in its line. */
function line(i: number, given: Partial<Reject> = {}): Reject {
  const ms = START + i * 20_000;
  return reject(i + 1, {
    reason: "closed_session",
    symbol: "A",
    ts: fromMillis(ms),
    line: i + 1,
    raw: `{"symbol":"A","ts":${ms},"price":100.05,"volume":2,"seq":${i + 1}}`,
    ...given,
  });
}

type Fault = "none" | "answer lost" | "not appended";

/** A partition: its stream, its candles, and the rows that were rejected. */
class World implements QuarantineStore, Clock {
  readonly store = new MemoryStore();
  readonly rows = new Map<string, QuarantinedRow>();
  /** What an append does, and what happens while somebody waits. */
  fault: () => Fault = () => "none";
  meanwhile: () => Promise<void> = () => this.commit();
  #entries: ReadEntry[] = [];
  #last = 0;
  #chain = 0;
  #incarnation = 1;
  #time = fromMillis(START + 86_400_000);

  readonly buffer: Pick<TickBuffer, "append" | "lastSeq"> = {
    append: ({ entry, expectLast, newLast }: AppendRequest) => {
      const fault = this.fault();
      if (fault === "not appended") return Promise.reject(new Error("gone"));
      if (expectLast !== this.#chain) {
        return Promise.resolve({ kind: "conflict", last: this.#chain });
      }
      this.#chain = newLast;
      const id = this.add(entry);
      return fault === "answer lost"
        ? Promise.reject(new Error("lost"))
        : Promise.resolve({
          kind: "appended",
          id,
          incarnation: String(this.#incarnation),
        });
    },
    lastSeq: () => Promise.resolve(this.#chain),
  };

  readonly desk = new ReadmissionDesk({
    buffer: this.buffer as TickBuffer,
    store: this,
    catalog: {
      get: (symbol) => symbol === "A" ? INSTRUMENT : undefined,
      refresh: () => Promise.resolve(),
    },
    layout: new PartitionLayout(1),
    clock: this,
  });

  add(entry: StreamEntry): EntryId {
    const id = `${++this.#last}-0` as EntryId;
    this.#entries.push({ id, entry });
    return id;
  }

  /** The stream is lost, with what was not committed. */
  wipe(): void {
    this.#entries = [];
    this.#chain = 0;
    this.#incarnation++;
  }

  async commit(most = Infinity): Promise<void> {
    const state = await this.store.claim(0, "me");
    assert.ok(state);
    const book = new CandleBook(state, () => ALWAYS);
    const entries = this.#entries.splice(0, most);
    if (entries.length === 0) return;
    const change = book.apply(entries);
    await this.store.commit({
      p: 0,
      leaseEpoch: state.leaseEpoch,
      expect: state.position,
      incarnation: String(this.#incarnation),
      ...change,
    });
    for (const row of change.quarantine) this.#keep(row.entryId, row);
  }

  #keep(id: string, row: { index: number; reject: Reject }): void {
    const incarnation = String(this.#incarnation);
    const place = { p: 0, incarnation, id, index: row.index };
    this.rows.set(quarantineIdText(place), {
      id: place,
      key: FEED,
      delivery: "acked",
      receivedAt: epochMicros(0),
      reject: row.reject,
      readmitted: false,
      held: false,
    });
  }

  get ids(): QuarantineId[] {
    return [...this.rows.values()].map(({ id }) => id);
  }

  get(ids: readonly QuarantineId[]): Promise<readonly QuarantinedRow[]> {
    return Promise.resolve(ids.flatMap((id) => {
      const row = this.rows.get(quarantineIdText(id));
      const there = this.store.quarantine.has(
        `0|${id.incarnation}|${id.id}|${id.index}`,
      );
      return row ? [{ ...row, readmitted: !there }] : [];
    }));
  }

  find(): Promise<readonly QuarantinedRow[]> {
    return this.get(this.ids);
  }

  samples(): Promise<readonly QuarantinedRow[]> {
    return Promise.reject(new Error("not in this test"));
  }

  counts(): Promise<Readonly<Record<string, number>>> {
    return Promise.resolve({});
  }

  readmittedThrough(): Promise<number> {
    return Promise.resolve(this.store.state(0).readmittedThrough ?? 0);
  }

  steadyMs() {
    return this.#time / 1_000;
  }

  now() {
    return this.#time;
  }

  sleep(ms: number): Promise<void> {
    this.#time = epochMicros(this.#time + ms * 1_000);
    return this.meanwhile();
  }
}

async function worldOf(rejects: readonly Reject[]): Promise<World> {
  const world = new World();
  assert.equal(partitionOf("A", 1), 0);
  world.add(ticksEntry(FEED, [], {
    receivedAt: fromMillis(START),
    rejects,
  }));
  await world.commit();
  return world;
}

Deno.test("readmit() puts rows into candles, at their own time and numbers", async () => {
  const world = await worldOf([
    line(0),
    line(1, {
      reason: "too_late",
      ts: epochMicros(START * 1_000 + 1),
      raw: `A,${START},99.5,1,9`,
    }),
    line(2, { seq: null }),
  ]);
  const result = await world.desk.readmit(world.ids, { waitMs: 1_000 });
  assert.equal(result.readmitted.length, 3);
  assert.deepEqual([result.refused, result.pending], [[], []]);
  const [{ fold }] = world.store.rows.values();
  assert.equal(fold.n, 3);
  assert.deepEqual([fold.firstTs, fold.open], [START * 1_000, 100_05]);
  assert.deepEqual([fold.low, fold.close], [99_50, 100_05]);
  assert.equal(fold.volume, 5);
  // One entry for the lines with a number, one for those without.
  assert.equal(await world.readmittedThrough(), 2);
});

Deno.test("readmit() says of each row why it cannot be taken back", async () => {
  const world = await worldOf([
    line(0, { reason: "price_not_positive" }),
    line(1, { raw: `{"symbol":"A","ts":1764028` }),
    line(2, { reason: "unknown_symbol", symbol: "B", raw: `B,${START},1,1` }),
    line(3, { reason: "too_many_decimals", raw: `A,${START},1.123,1` }),
    line(4, { ts: fromMillis(START + 2 * 86_400_000) }),
    line(5, { symbol: "C" }),
  ]);
  const { id } = { id: { p: 0, incarnation: "1", id: "1-0", index: 77 } };
  const { refused, readmitted } = await world.desk.readmit(
    [...world.ids, id, { ...id, p: 9 }],
    { waitMs: 1_000 },
  );
  assert.deepEqual(readmitted, []);
  const why = new Map(
    refused.map(({ id, why }) => [`${id.p}/${id.index}`, why]),
  );
  assert.match(why.get("0/0")!, /price_not_positive holds no tick/);
  assert.match(why.get("0/1")!, /line must be JSON/);
  assert.match(why.get("0/2")!, /B is not registered/);
  assert.match(why.get("0/3")!, /at most 2 decimals/);
  assert.match(why.get("0/4")!, /must not be in the future/);
  assert.match(why.get("0/5")!, /symbol must be C, got A/);
  assert.match(why.get("0/77")!, /no such row/);
  assert.match(why.get("9/77")!, /no such row/);
  assert.equal(await world.readmittedThrough(), 0);
});

Deno.test("readmit() leaves alone what its feed may yet take back itself", async () => {
  const world = await worldOf([line(0, { reason: "out_of_band" })]);
  const [[key, row]] = world.rows;
  world.rows.set(key, { ...row, held: true });
  const { refused } = await world.desk.readmit(world.ids, { waitMs: 0 });
  assert.match(refused[0].why, /may still bring it back by itself/);
});

Deno.test("readmit() says what is under way when its wait is over", async () => {
  const world = await worldOf([line(0), line(1)]);
  world.meanwhile = () => Promise.resolve();
  const ids = world.ids;
  const first = await world.desk.readmit([ids[0]], { waitMs: 200 });
  assert.deepEqual(first.pending, [ids[0]]);
  const second = await world.desk.readmit([ids[1]], { waitMs: 200 });
  assert.deepEqual(second.pending, [ids[1]]);
  await world.commit();
  const third = await world.desk.readmit(ids, { waitMs: 200 });
  assert.match(third.refused[0].why, /taken back already/);
  assert.deepEqual(third.pending, [ids[1]], "nobody commits");
});

Deno.test("a row is taken back once, whoever asks, whatever is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(
        fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 6 }),
        { minLength: 1, maxLength: 4 },
      ),
      fc.infiniteStream(
        fc.constantFrom<Fault>("none", "none", "answer lost", "not appended"),
      ),
      fc.infiniteStream(fc.constantFrom("commit", "one", "nothing", "wipe")),
      async (count, asks, faults, events) => {
        const world = await worldOf(
          Array.from({ length: count }, (_, i) => line(i)),
        );
        const { ids } = world;
        world.fault = () => faults.next().value;
        // Two may not commit at once: the lease is one owner's.
        let turn: Promise<void> = Promise.resolve();
        const happen = async () => {
          const event = events.next().value;
          if (event === "wipe") world.wipe();
          if (event === "commit") await world.commit();
          if (event === "one") await world.commit(1);
        };
        world.meanwhile = () => turn = turn.then(happen);
        await Promise.all(
          asks.map((wanted) =>
            world.desk.readmit(wanted.map((i) => ids[i % count]), {
              waitMs: 1_000,
            }).catch((error) => assert.match(error.message, /lost|gone/))
          ),
        );
        world.fault = () => "none";
        world.meanwhile = () => world.commit();
        await turn;
        await world.commit();
        await world.desk.readmit(ids, { waitMs: 1_000 });
        assert.equal(world.store.quarantine.size, 0);
        const n = [...world.store.rows.values()]
          .filter(({ interval }) => interval === "1m")
          .reduce((sum, { fold }) => sum + fold.n, 0);
        assert.deepEqual([n, world.store.appliedOf(0)], [count, count]);
        const totals = world.store.committedOf(0).feeds.get(feedKeyText(FEED));
        assert.ok(totals);
        const { received, accepted, rejected } = totals;
        assert.deepEqual([received, accepted, rejected], [count, count, 0]);
      },
    ),
    { numRuns: 200 },
  );
});
