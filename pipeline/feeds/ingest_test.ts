import assert from "node:assert/strict";
import fc from "fast-check";
import { partitionOf } from "../domain/hash.ts";
import type { StreamEntry } from "../domain/entry.ts";
import { BEFORE_FIRST } from "../ports.ts";
import { formatScaled } from "../domain/decimal.ts";
import { FakeSource, tick, ticks } from "./testing/fake_source.ts";
import { FeedWorld, ShakyBuffer } from "./testing/feed_world.ts";
import { turns } from "../testing/manual_clock.ts";
import { silentLog } from "../silent_log.ts";

/** What the stream says of one feed, added up. */
async function books(world: FeedWorld, feed = "nse") {
  const sum = { received: 0, accepted: 0, duplicates: 0, rejected: 0 };
  const seqs: number[] = [];
  const gaps: string[] = [];
  const kinds: string[] = [];
  for (const { entry } of await world.entries()) {
    if (entry.key.feed !== feed) continue;
    if (entry.kind !== "ticks") kinds.push(entry.kind);
    sum.received += entry.received;
    sum.duplicates += entry.duplicates;
    sum.accepted += entry.ticks.length;
    sum.rejected += entry.rejects.length - entry.readmitted.length;
    seqs.push(...entry.ticks.seq);
    gaps.push(...entry.gaps.map(({ from, to }) => `${from}-${to}`));
  }
  assert.equal(sum.received, sum.accepted + sum.duplicates + sum.rejected);
  return { ...sum, seqs, gaps, kinds };
}

const ofTicks = async (world: FeedWorld): Promise<StreamEntry[]> =>
  (await world.entries()).map(({ entry }) => entry)
    .filter(({ kind }) => kind === "ticks");

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

Deno.test("Ingest joins ticks that come close together into one entry", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 3));
  await source.send(tick(4, { symbol: "B", price: "1.2345", volume: "0.5" }));
  await world.clock.advance(10);
  const [entry, ...more] = await ofTicks(world);
  assert.equal(more.length, 0);
  assert.deepEqual(entry.symbols, [
    { symbol: "A", priceScale: 2, sizeScale: 0 },
    { symbol: "B", priceScale: 4, sizeScale: 1 },
  ]);
  assert.deepEqual([...entry.ticks.symbol], [0, 0, 0, 1]);
  assert.deepEqual([...entry.ticks.price], [10_000, 10_000, 10_000, 12_345]);
  assert.deepEqual([...entry.ticks.size], [1, 1, 1, 5]);
  assert.deepEqual([...entry.ticks.seq], [1, 2, 3, 4]);
  assert.equal(entry.received, 4);
  assert.deepEqual(source.heard, [["buffered", 4]]);
});

Deno.test("Ingest acks what is committed, once the ack is saved", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 5));
  await world.clock.advance(10);
  assert.equal(source.acked, null);
  world.store.failing = true;
  await world.commit();
  assert.equal(source.acked, null);
  world.store.failing = false;
  await world.clock.advance(500);
  assert.equal(source.acked, 5);
  assert.deepEqual(await world.store.loadAck("nse"), { epoch: 1, seq: 5 });
});

Deno.test("Ingest counts duplicates and appends none of them", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 5), ...ticks(2, 5), tick(6));
  await world.clock.advance(10);
  await source.send(...ticks(1, 3));
  await world.clock.advance(999);
  assert.equal((await books(world)).received, 10);
  await world.clock.advance(1);
  const { seqs, kinds: _, gaps: __, ...counts } = await books(world);
  assert.deepEqual(seqs, range(1, 6));
  assert.deepEqual(counts, {
    received: 13,
    accepted: 6,
    duplicates: 7,
    rejected: 0,
  });
  const [stats] = world.ingest.stats();
  assert.deepEqual(
    [stats.received, stats.accepted, stats.duplicates, stats.rejected],
    [13, 6, 7, 0],
  );
});

Deno.test("Ingest accepts nothing after a hole until it is closed", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 2), ...ticks(5, 6));
  await world.clock.advance(100);
  assert.deepEqual((await books(world)).seqs, [1, 2]);
  assert.deepEqual(source.of("resend"), [["resend", 3]]);
  assert.equal(world.ingest.stats()[0].missingSeq, 3);
  await source.send(...ticks(3, 8));
  await world.clock.advance(100);
  const found = await books(world);
  assert.deepEqual(found.seqs, range(1, 8));
  assert.deepEqual([found.gaps, source.of("resend").length], [[], 1]);
  await world.commit();
  assert.equal(source.acked, 8);
});

Deno.test("Ingest records a gap after 5 s and takes what came after it", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(tick(1), ...ticks(4, 6), ...ticks(8, 9));
  await world.clock.advance(4_999);
  assert.deepEqual((await books(world)).seqs, [1]);
  await world.clock.advance(1);
  await world.clock.advance(10);
  assert.deepEqual((await books(world)).seqs, [1, 4, 5, 6]);
  assert.deepEqual(source.of("resend"), [["resend", 2], ["resend", 7]]);
  await world.clock.advance(5_010);
  const { seqs, gaps } = await books(world);
  assert.deepEqual(seqs, [1, 4, 5, 6, 8, 9]);
  assert.deepEqual(gaps, ["2-3", "7-7"]);
  await world.commit();
  assert.equal(source.acked, 9);
  assert.equal(world.ingest.stats()[0].missing, 3);
});

Deno.test("a gap is said in every partition, as any may lack what was in it", async () => {
  const world = new FeedWorld({ partitions: 3 });
  const source = await FakeSource.open(world.ingest);
  await source.send(tick(1), tick(4));
  await world.clock.advance(5_010);
  for (const p of [0, 1, 2]) {
    const entries = await world.entries(p);
    assert.deepEqual(
      entries.flatMap(({ entry }) => entry.gaps),
      [{ from: 2, to: 3 }],
    );
    assert.ok(await world.buffer.lastSeq(p, { feed: "nse", epoch: 1 }) >= 3);
  }
  await world.commit();
  await world.clock.advance(100);
  assert.equal(source.acked, 4);
});

Deno.test("what the stream has is no hole, though its ack was lost with the power", async () => {
  const world = new FeedWorld();
  const before = await FakeSource.open(world.ingest);
  await before.send(...ticks(1, 10));
  await world.clock.advance(10);
  await world.commit();
  await world.clock.advance(100);
  assert.equal(before.acked, 10);
  world.store.acks.get("nse")!.set(1, 4);
  world.start();
  const source = await FakeSource.open(world.ingest);
  assert.equal(source.entrance.resumeAfter, 4);
  // The source was told 10, and has forgotten what came before.
  await source.send(...ticks(11, 12));
  await world.clock.advance(10);
  const { seqs, gaps } = await books(world);
  assert.deepEqual([seqs, gaps], [range(1, 12), []]);
  assert.deepEqual(source.of("resend"), []);
  await world.commit();
  assert.equal(source.acked, 12);
});

Deno.test("feeds wait while the buffer takes nothing and memory fills", async () => {
  const buffer = new ShakyBuffer();
  const world = new FeedWorld({ buffer, settings: { unappendedBytes: 1_000 } });
  const plain = { feed: "p1", delivery: "best_effort" } as const;
  const source = await FakeSource.open(world.ingest, plain);
  await turns();
  buffer.plan.push("refused", "refused");
  await source.send(...ticks(1, 5));
  let sent = false;
  const sending = source.send(...ticks(6, 20)).then(() => sent = true);
  await world.clock.advance(20);
  assert.deepEqual([sent, world.ingest.stats()[0].paused], [false, true]);
  await world.clock.advance(10_000);
  await sending;
  assert.equal(world.ingest.stats()[0].paused, false);
  assert.deepEqual((await books(world, "p1")).seqs, range(1, 20));
});

Deno.test("what a connection left behind is waited for", async () => {
  const buffer = new ShakyBuffer();
  const world = new FeedWorld({ buffer });
  const plain = { feed: "p1", delivery: "best_effort" } as const;
  const source = await FakeSource.open(world.ingest, plain);
  await turns();
  buffer.plan.push("refused");
  await source.send(...ticks(1, 5));
  await source.entrance.detach(true);
  source.entrance.release();
  let there = false;
  const waiting = world.ingest.whenAppended(new AbortController().signal)
    .then(() => there = true);
  await turns();
  assert.equal(there, false);
  await world.clock.advance(1_000);
  await waiting;
  assert.deepEqual((await books(world, "p1")).seqs, range(1, 5));
});

Deno.test("what the buffer does not take in time is given up, and counted", async () => {
  const buffer = new ShakyBuffer();
  const lost: unknown[] = [];
  const log = {
    ...silentLog,
    error: (_message: string, fields?: unknown) => lost.push(fields),
  };
  const world = new FeedWorld({ buffer, log });
  const plain = { feed: "p1", delivery: "best_effort" } as const;
  const source = await FakeSource.open(world.ingest, plain);
  await turns();
  buffer.plan.push(...new Array(20).fill("refused"));
  await source.send(...ticks(1, 5));
  const deadline = new AbortController();
  const waiting = world.ingest.whenAppended(deadline.signal);
  await world.clock.advance(500);
  await source.send(...ticks(6, 7));
  deadline.abort();
  await waiting;
  world.ingest.dispose();
  assert.deepEqual(lost, [{ feed: "p1", epoch: 1, lines: 7 }]);
});

Deno.test("Ingest learns from `end` that the last lines are missing", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 2));
  await source.entrance.end(4);
  assert.deepEqual(source.of("resend"), [["resend", 3]]);
  await source.send(...ticks(3, 4));
  await world.clock.advance(10);
  const { seqs, kinds } = await books(world);
  assert.deepEqual([seqs, kinds], [[1, 2, 3, 4], ["open", "end"]]);
  const last = (await world.entries()).at(-1)!;
  assert.equal(last.entry.kind, "end");
});

Deno.test("a rejected line uses up its number and is acked", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(tick(1), tick(2, { price: -3 }), tick(3));
  await world.clock.advance(10);
  const [entry] = await ofTicks(world);
  assert.deepEqual([...entry.ticks.seq], [1, 3]);
  assert.equal(entry.rejects[0].seq, 2);
  assert.equal(entry.rejects[0].detail, "price must be > 0, got -3");
  assert.deepEqual(source.of("nack"), [["nack", 2, "price_not_positive"]]);
  await world.commit();
  assert.equal(source.acked, 3);
  await source.send(tick(2, { price: -3 }));
  await world.clock.advance(1_000);
  assert.equal((await books(world)).duplicates, 1);
});

Deno.test("a feed with acks must number its lines", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(tick(1), tick(undefined), tick(0), "what?", tick(2));
  await world.clock.advance(10);
  const { seqs, rejected } = await books(world);
  assert.deepEqual([seqs, rejected], [[1, 2], 3]);
  assert.deepEqual(world.ingest.stats()[0].rejectedBy, {
    seq_missing: 2,
    not_json: 1,
  });
});

Deno.test("Ingest widens a symbol it registered, and rejects what a file forbids", async () => {
  const world = new FeedWorld();
  await world.instruments.upsert([{
    symbol: "NIFTY50",
    name: "NIFTY 50",
    exchange: "NSE",
    type: "index",
    currency: "INR",
    priceScale: 2,
    sizeScale: 0,
    tickSize: "0.05",
    lotSize: 1,
    calendar: "24x7",
    costBps: 1,
    auto: false,
    note: null,
    validFrom: null,
    validTo: null,
  }]);
  await world.catalog.refresh();
  const source = await FakeSource.open(world.ingest);
  await source.send(tick(1));
  await source.send(
    tick(2, { price: 100.1234, volume: 0.5 }),
    tick(3, { price: 100.5 }),
    tick(4, { symbol: "NIFTY50", price: 24321.555 }),
    tick(5, { symbol: "NIFTY50", volume: 0.5 }),
  );
  await world.clock.advance(10);
  const entries = await ofTicks(world);
  const prices = entries.flatMap((entry) =>
    [...entry.ticks.price].map((price, i) =>
      formatScaled(price, entry.symbols[entry.ticks.symbol[i]].priceScale)
    )
  );
  assert.deepEqual(prices, ["100.00", "100.1234", "100.5000"]);
  for (const { symbols } of entries) {
    assert.equal(new Set(symbols.map((s) => s.symbol)).size, symbols.length);
  }
  assert.deepEqual(source.of("nack"), [
    ["nack", 4, "too_many_decimals"],
    ["nack", 5, "too_many_decimals"],
  ]);
});

Deno.test("Ingest rejects unknown symbols where none are registered", async () => {
  const world = new FeedWorld({ autoRegister: false });
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 2));
  await world.clock.advance(10);
  const [entry] = await ofTicks(world);
  assert.deepEqual(
    entry.rejects.map(({ seq, reason, symbol }) => [seq, reason, symbol]),
    [[1, "unknown_symbol", "A"], [2, "unknown_symbol", "A"]],
  );
});

Deno.test("a jump that lasts is readmitted, and the books still balance", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 40));
  await source.send(...range(41, 46).map((seq) => tick(seq, { price: 200 })));
  await world.clock.advance(10);
  const { seqs, rejected, accepted, received } = await books(world);
  assert.deepEqual(seqs.toSorted((a, b) => a - b), range(1, 46));
  assert.deepEqual([received, accepted, rejected], [46, 46, 0]);
  const [stats] = world.ingest.stats();
  assert.deepEqual([stats.accepted, stats.rejected], [46, 0]);
  assert.deepEqual(source.of("nack").length, 4);
});

Deno.test("after a crash only what is not in the stream is appended", async () => {
  const world = new FeedWorld();
  const before = await FakeSource.open(world.ingest);
  await before.send(...ticks(1, 10));
  await world.clock.advance(10);
  await world.commit();
  await before.send(...ticks(11, 20));
  await world.clock.advance(10);
  await before.send(...ticks(21, 25));
  world.start();
  const source = await FakeSource.open(world.ingest);
  assert.equal(source.entrance.resumeAfter, 10);
  await source.send(...ticks(11, 30));
  await world.clock.advance(10);
  const { seqs, duplicates } = await books(world);
  assert.deepEqual([seqs, duplicates], [range(1, 30), 10]);
  assert.equal(source.acked, null);
  await world.commit();
  assert.equal(source.acked, 30);
});

Deno.test("what was buffered before a crash is acked only when committed", async () => {
  const world = new FeedWorld({ partitions: 2 });
  const [p0, p1] = ["A", "B", "C", "D"].reduce<string[]>((found, symbol) => {
    found[partitionOf(symbol, 2)] ??= symbol;
    return found;
  }, []);
  const before = await FakeSource.open(world.ingest);
  await before.send(tick(1, { symbol: p0 }), tick(2, { symbol: p1 }));
  await world.clock.advance(10);
  world.start();
  const source = await FakeSource.open(world.ingest);
  // As the aggregators do when they have found where to go on.
  const nothing = { position: BEFORE_FIRST, feeds: [], tooLate: [] };
  for (const p of [0, 1]) {
    const incarnation = await world.buffer.incarnation(p);
    world.ingest.onCommitted(p, { ...nothing, incarnation });
  }
  await source.send(
    tick(1, { symbol: p0 }),
    tick(2, { symbol: p1 }),
    tick(3, { symbol: p0 }),
  );
  await world.clock.advance(100);
  assert.equal(source.acked, null);
  await world.commit(0);
  assert.equal(source.acked, null);
  await world.commit(1);
  await world.clock.advance(100);
  assert.equal(source.acked, 3);
});

Deno.test("appends that fail are tried again, in order, none lost or doubled", async () => {
  const buffer = new ShakyBuffer();
  const world = new FeedWorld({ buffer, settings: { windowBytes: 1e9 } });
  const source = await FakeSource.open(world.ingest);
  await turns();
  buffer.plan.push("refused", "ok", "ok", "refused", "reply lost", "ok");
  for (let i = 0; i < 6; i++) {
    await source.send(...ticks(1 + i * 5_000, 5_000 + i * 5_000));
  }
  await world.clock.advance(10_000);
  const found = await books(world);
  assert.deepEqual(found.seqs, range(1, 30_000));
  assert.equal(found.received, 30_000);
  await world.commit();
  assert.equal(source.acked, 30_000);
});

Deno.test("an append that went through without an answer is not counted again", async () => {
  const buffer = new ShakyBuffer();
  const world = new FeedWorld({ buffer });
  const source = await FakeSource.open(world.ingest);
  await turns();
  buffer.plan.push("reply lost");
  await source.send(...ticks(1, 5));
  await world.clock.advance(5_000);
  const { seqs, received, duplicates } = await books(world);
  assert.deepEqual([seqs, received, duplicates], [range(1, 5), 5, 0]);
  await world.commit();
  assert.equal(source.acked, 5);
});

Deno.test("what another writer has appended is left out", async () => {
  const world = new FeedWorld();
  const first = await FakeSource.open(world.ingest);
  await first.send(...ticks(1, 5));
  await world.clock.advance(10);
  const old = world.ingest;
  // A second process, while the first is only slow.
  const other = new FeedWorld({ buffer: world.buffer });
  const second = await FakeSource.open(other.ingest);
  await second.send(...ticks(1, 8));
  await other.clock.advance(10);
  await first.send(...ticks(6, 10));
  await world.clock.advance(1_000);
  const { seqs, duplicates, received } = await books(world);
  assert.deepEqual(seqs, range(1, 10));
  assert.deepEqual([received, duplicates], [18, 8]);
  assert.equal(old.stats()[0].trouble, null);
  await world.commit();
  assert.equal(first.acked, 10);
});

Deno.test("a buffer that lost its stream makes the source send again", async () => {
  const buffer = new ShakyBuffer();
  const world = new FeedWorld({ buffer });
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 5));
  await world.clock.advance(10);
  buffer.lastSeq = () => Promise.resolve(0);
  buffer.append = () => Promise.resolve({ kind: "conflict", last: 0 });
  await source.send(tick(6));
  await world.clock.advance(1_000);
  assert.equal(source.failed, "buffer_lost");
  assert.deepEqual(world.ingest.stats(), []);
});

Deno.test("Ingest stops taking lines while too much is uncommitted", async () => {
  const world = new FeedWorld({ settings: { windowBytes: 1_000 } });
  const source = await FakeSource.open(world.ingest);
  let sent = false;
  const sending = source.send(...ticks(1, 50)).then(() => sent = true);
  await world.clock.advance(100);
  assert.deepEqual([sent, world.ingest.stats()[0].paused], [false, true]);
  await world.commit();
  await sending;
  assert.equal(world.ingest.stats()[0].paused, false);
});

Deno.test("feeds with acks share what may be uncommitted, one alone has most", async () => {
  const world = new FeedWorld({
    settings: { windowBytes: 600, windowBytesMin: 200, windowsBytes: 1_000 },
  });
  const windows = [];
  for (const feed of ["a", "b", "c", "d", "e", "f"]) {
    const source = await FakeSource.open(world.ingest, { feed });
    windows.push(source.entrance.windowBytes);
  }
  assert.deepEqual(windows, [600, 500, 333, 250, 200, 200]);
});

Deno.test("feeds without acks share one budget", async () => {
  const world = new FeedWorld({ settings: { bestEffortBytes: 1_000 } });
  const plain = { delivery: "best_effort" } as const;
  const one = await FakeSource.open(world.ingest, { feed: "p1", ...plain });
  const two = await FakeSource.open(world.ingest, { feed: "p2", ...plain });
  await one.send(...ticks(1, 10));
  const sending = two.send(...ticks(1, 10));
  await world.clock.advance(100);
  assert.deepEqual(world.ingest.stats().map(({ paused }) => paused), [
    false,
    true,
  ]);
  await world.commit();
  await sending;
});

Deno.test("feeds without acks wait for slow commits, and not for a store that is away", async () => {
  const world = new FeedWorld();
  const request = { feed: "p1", delivery: "best_effort" } as const;
  const source = await FakeSource.open(world.ingest, request);
  const paused = () => world.ingest.stats()[0].paused;
  const commit = async (lines: number) => {
    for (let i = 0; i < lines; i++) await source.send(...ticks(1, 50));
    await world.clock.advance(1_000);
    await world.commit();
  };
  // Some kilobytes a second: a burst of four megabytes may wait then.
  for (let i = 0; i < 8; i++) await commit(1);
  const all = 80;
  let sent = 0;
  const sending = (async () => {
    for (; sent < all; sent++) await source.send(...ticks(1, 1_000));
  })();
  await world.clock.advance(100);
  assert.equal(paused(), true);
  const { uncommittedBytes } = world.ingest.stats()[0];
  assert.ok(uncommittedBytes > 4 * 1_048_576, String(uncommittedBytes));
  assert.ok(uncommittedBytes < 4.2 * 1_048_576, String(uncommittedBytes));
  // No commit for longer: the buffer is there for that.
  await world.clock.advance(5_000);
  await sending;
  assert.deepEqual([sent, paused()], [all, false]);
  // It is back, and what came meanwhile is committed before more is taken.
  await world.commit();
  assert.equal(world.ingest.stats()[0].uncommittedBytes, 0);
});

Deno.test("lines without a hello are numbered in the order they come", async () => {
  const world = new FeedWorld();
  const request = { feed: "plain@x", delivery: "best_effort" } as const;
  const one = await FakeSource.open(world.ingest, request);
  const two = await FakeSource.open(world.ingest, request);
  await one.send(tick(undefined), tick(undefined));
  await two.send(tick(undefined), "junk");
  await one.send(tick(77), tick(5));
  await one.entrance.detach();
  await world.clock.advance(10);
  await two.entrance.detach();
  await turns();
  const found = await books(world, "plain@x");
  assert.deepEqual(found.seqs, [1, 2, 3, 77, 5]);
  assert.deepEqual(found.kinds, ["open", "close"]);
  assert.equal(await world.buffer.lastSeq(0, { feed: "plain@x", epoch: 1 }), 6);
  world.start();
  const again = await FakeSource.open(world.ingest, request);
  await again.send(tick(undefined));
  await world.clock.advance(10);
  assert.equal((await books(world, "plain@x")).seqs.at(-1), 7);
});

Deno.test("the newest hello ends the older session of its feed", async () => {
  const world = new FeedWorld();
  const old = await FakeSource.open(world.ingest);
  await old.send(...ticks(1, 3));
  const young = await FakeSource.open(world.ingest);
  assert.equal(old.failed, "superseded");
  await old.send(...ticks(4, 6));
  await young.send(...ticks(1, 4));
  await world.clock.advance(10);
  await old.entrance.detach();
  await turns();
  const { seqs, kinds } = await books(world);
  assert.deepEqual([seqs, kinds], [[1, 2, 3, 4], ["open", "open"]]);
});

Deno.test("an ack that is saved late takes none back that another process gave", async () => {
  const world = new FeedWorld();
  const first = await FakeSource.open(world.ingest);
  await first.send(...ticks(1, 3));
  await world.clock.advance(10);
  const { promise, resolve } = Promise.withResolvers<void>();
  world.store.slow = promise;
  await world.commit();
  world.store.acks.set("nse", new Map([[1, 5]]));
  const again = await FakeSource.open(world.ingest);
  assert.equal(again.entrance.resumeAfter, 5);
  resolve();
  await turns();
  assert.equal(again.acked, 5);
});

Deno.test("an epoch never falls; a new one counts from 1", async () => {
  const world = new FeedWorld();
  const first = await FakeSource.open(world.ingest, { epoch: 7 });
  await first.send(...ticks(1, 3));
  await world.clock.advance(10);
  await world.commit();
  assert.equal(
    (await FakeSource.open(world.ingest, { epoch: 6 })).failed,
    "epoch_too_low",
  );
  const next = await FakeSource.open(world.ingest, { epoch: 8 });
  assert.equal(next.entrance.resumeAfter, 0);
  assert.equal(first.failed, "superseded");
  world.start();
  const later = await FakeSource.open(world.ingest);
  assert.deepEqual(later.entrance.key, { feed: "nse", epoch: 8 });
  assert.equal(
    (await FakeSource.open(world.ingest, { epoch: 7 })).failed,
    "epoch_too_low",
  );
});

Deno.test("a number far back without a new epoch is an error", async () => {
  const world = new FeedWorld({ settings: { replayWindow: 100 } });
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 150), tick(50));
  assert.equal(source.failed, "seq_too_low");
  await source.send(tick(151));
  await world.clock.advance(10);
  assert.deepEqual((await books(world)).seqs, range(1, 150));
});

Deno.test("a warehouse holds simulated ticks or real ones", async () => {
  const world = new FeedWorld();
  await FakeSource.open(world.ingest, { content: "simulated" });
  const real = await FakeSource.open(world.ingest, { feed: "b" });
  assert.equal(real.failed, "content");
});

Deno.test("a tick that was too late when applied is nacked and recounted", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 2));
  await world.clock.advance(10);
  const [entry] = (await world.entries()).slice(-1);
  const key = { feed: "nse", epoch: 1 };
  world.ingest.onCommitted(0, {
    position: entry.id,
    incarnation: await world.buffer.incarnation(0),
    feeds: [{ key, lastSeq: 2 }],
    tooLate: [{ key, seq: 2 }],
  });
  await turns();
  assert.deepEqual(source.of("nack"), [["nack", 2, "too_late"]]);
  const [stats] = world.ingest.stats();
  assert.deepEqual([stats.accepted, stats.rejected], [1, 1]);
});

Deno.test("Ingest seals entries of at most 4,096 ticks", async () => {
  const world = new FeedWorld({ settings: { windowBytes: 1e9 } });
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 10_000));
  await world.clock.advance(10);
  const sizes = (await ofTicks(world)).map(({ ticks }) => ticks.length);
  assert.ok(sizes.every((size) => size <= 4_096), String(sizes));
  assert.deepEqual((await books(world)).seqs, range(1, 10_000));
});

Deno.test("Ingest seals an entry that goes to many minutes of the past", async () => {
  const world = new FeedWorld({ settings: { windowBytes: 1e9 } });
  const source = await FakeSource.open(world.ingest);
  const minutes = range(1, 1_000);
  await source.send(
    ...minutes.map((n) =>
      tick(n, { ts: new Date(Date.UTC(2025, 0, 6) + n * 60_000).toISOString() })
    ),
  );
  await world.clock.advance(10);
  const sizes = (await ofTicks(world)).map(({ ticks }) => ticks.length);
  assert.deepEqual(sizes, [257, 257, 257, 229]);
  assert.deepEqual((await books(world)).seqs, minutes);
});

// A source with acks under all that can happen: whatever is acked is committed,
// and in the end the stream has every number once.
const SYMBOLS = ["A", "B", "C", "D", "E"];
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ send: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ back: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 2, arbitrary: fc.record({ skip: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ wait: fc.constantFrom(5, 20, 1_100) }) },
  { weight: 3, arbitrary: fc.record({ commit: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ crash: true }) },
  { weight: 1, arbitrary: fc.constant({ reconnect: true }) },
  {
    weight: 2,
    arbitrary: fc.record({ fate: fc.constantFrom("refused", "reply lost") }),
  },
);

Deno.test("an acked feed loses and doubles nothing, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const buffer = new ShakyBuffer();
      const world = new FeedWorld({
        partitions: 3,
        buffer,
        settings: { windowBytes: 1e9 },
      });
      const line = (seq: number) =>
        tick(seq, {
          symbol: SYMBOLS[seq % SYMBOLS.length],
          price: seq % 17 === 0 ? -1 : 100,
        });
      let source = await FakeSource.open(world.ingest);
      let next = 1;
      let acked = 0;
      let highest = 60;
      const send = async (from: number, to: number) => {
        await source.send(...range(from, to).map(line));
        const asked = source.of("resend").at(-1) as
          | [string, number]
          | undefined;
        if (asked && asked[1] < next) source.heard.length = 0;
        next = to + 1;
        highest = Math.max(highest, to);
        if (asked && asked[1] <= to) {
          await source.send(...range(asked[1], to).map(line));
          source.heard.length = 0;
        }
      };
      const reconnect = async () => {
        source = await FakeSource.open(world.ingest);
        assert.ok(source.entrance.resumeAfter >= acked);
        next = source.entrance.resumeAfter + 1;
      };
      for (const step of steps as readonly Record<string, unknown>[]) {
        if (step.send) await send(next, next + Number(step.send) - 1);
        if (step.back) await send(Math.max(1, next - Number(step.back)), next);
        if (step.skip) await send(next + Number(step.skip), next + 9);
        if (step.wait) await world.clock.advance(Number(step.wait));
        if (step.commit !== undefined) await world.commit(Number(step.commit));
        if (step.crash) world.start();
        if (step.crash || step.reconnect) await reconnect();
        if (step.fate) buffer.plan.push(step.fate as "refused");
        acked = Math.max(acked, source.acked ?? 0);
        const stored = (await world.store.loadAck("nse"))?.seq ?? 0;
        assert.ok(acked <= stored);
        await allCommittedUpTo(world, stored);
      }
      buffer.plan.length = 0;
      await reconnect();
      await send(next, Math.max(next, highest));
      await world.clock.advance(20_000);
      await world.commit();
      await world.clock.advance(20_000);
      await world.commit();
      const last = next - 1;
      assert.equal(source.acked ?? source.entrance.resumeAfter, last);
      const { seqs } = await books(world);
      const rejected = (await world.entries()).flatMap(({ entry }) =>
        entry.rejects.map(({ seq }) => seq!)
      );
      assert.deepEqual(
        [...seqs, ...rejected].toSorted((a, b) => a - b),
        range(1, last),
      );
    }),
    { numRuns: 60 },
  );
});

/** Fails unless every number up to `seq` stands in a committed entry. */
async function allCommittedUpTo(world: FeedWorld, seq: number) {
  const found = new Set<number>();
  for (let p = 0; p < world.partitions; p++) {
    const committed = world.committedTo(p);
    for (const { id, entry } of await world.entries(p)) {
      if (Number(id.split("-")[0]) > committed) break;
      for (const s of entry.ticks.seq) found.add(s);
      for (const reject of entry.rejects) found.add(reject.seq!);
    }
  }
  for (let s = 1; s <= seq; s++) assert.ok(found.has(s), `${s} is committed`);
}

Deno.test("lines wait in memory as long as is told of them", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  assert.equal(world.waits.buffered.waits(), null, "an open brings no line");
  await source.send(...ticks(1, 3));
  await world.clock.advance(10);
  const { n, max } = world.waits.buffered.waits()!;
  assert.equal(n, 3);
  assert.ok(max > 0 && max <= 10, `${max} ms`);
  assert.equal(world.waits.committed.waits(), null);
  await world.clock.advance(30);
  await world.commit();
  const whole = world.waits.committed.waits()!;
  assert.equal(whole.n, 3);
  assert.ok(whole.max >= 30 && whole.max <= 40, `${whole.max} ms`);
});

Deno.test("a feed that goes is away, unless it had sent everything", async () => {
  const world = new FeedWorld();
  const away = () => {
    const { ended, awaySince } = world.ingest.stats().at(-1)!;
    return { ended, away: awaySince !== null };
  };
  const numbered = await FakeSource.open(world.ingest);
  assert.deepEqual(away(), { ended: false, away: false });
  await numbered.entrance.detach();
  assert.deepEqual(away(), { ended: false, away: true });
  const again = await FakeSource.open(world.ingest);
  assert.deepEqual(away(), { ended: false, away: false });
  await again.send(...ticks(1, 2));
  await again.entrance.end(2);
  await again.entrance.detach();
  assert.deepEqual(away(), { ended: true, away: false });

  const request = { feed: "plain@x", delivery: "best_effort" } as const;
  const one = await FakeSource.open(world.ingest, request);
  const two = await FakeSource.open(world.ingest, request);
  await one.entrance.detach(true);
  assert.deepEqual(away(), { ended: false, away: false }, "another is there");
  await two.entrance.detach(true);
  assert.deepEqual(away(), { ended: true, away: false });
  const broken = await FakeSource.open(world.ingest, request);
  await broken.entrance.detach();
  assert.deepEqual(away(), { ended: false, away: true });
});

Deno.test("what was asked for again is counted", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 2), ...ticks(5, 6));
  assert.equal(world.ingest.stats()[0].resends, 1);
});
