import assert from "node:assert/strict";
import { WaitSketch } from "../domain/wait_sketch.ts";
import { alwaysOpen } from "../calendars/always_open.ts";
import { AssertionError } from "../domain/assert.ts";
import { type FeedKey, streamEntry } from "../domain/entry.ts";
import type { Instrument } from "../domain/instrument.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import {
  BEFORE_FIRST,
  type Commit,
  type CommitResult,
  type CommittedCandle,
  compareEntryIds,
  type EntryId,
  type FormingMinute,
  type PartitionState,
} from "../ports.ts";
import {
  type AggregatorOptions,
  type AggregatorSettings,
  type InstrumentCalendars,
  retryDelayMs,
  runAggregator,
} from "./run_aggregator.ts";
import {
  markEntry,
  moment,
  reject,
  type TestTick,
  ticksEntry,
} from "./testing/entries.ts";
import { MemoryBuffer } from "./testing/memory_buffer.ts";
import { MemoryStore } from "./testing/memory_store.ts";
import { SimClock } from "./testing/sim_clock.ts";
import { silentLog } from "../silent_log.ts";

const NSE: FeedKey = { feed: "nse", epoch: 1 };
const ALWAYS = alwaysOpen();

const CATALOG: InstrumentCalendars = {
  get: () => ({}) as Instrument,
  calendarOf: () => ALWAYS,
  refresh: () => Promise.resolve(),
  restore: () => Promise.reject(new Error("every symbol is known")),
};

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A store whose calls may fail, before or after they have worked. */
class FaultyStore extends MemoryStore {
  faults = 0;

  constructor(
    private readonly random: () => number,
    private readonly rate: number,
  ) {
    super();
  }

  async #perhaps<T>(work: () => Promise<T>): Promise<T> {
    const luck = this.random();
    if (luck > this.rate) return await work();
    this.faults++;
    if (luck < this.rate / 3) throw new Error("the connection was refused");
    if (luck < 2 * this.rate / 3) this.steal(0);
    const result = await work();
    if (luck < this.rate / 3 * 2) return result;
    throw new Error("the answer was lost");
  }

  override claim(p: number, owner: string): Promise<PartitionState | null> {
    return this.#perhaps(() => super.claim(p, owner));
  }

  override commit(commit: Commit): Promise<CommitResult> {
    return this.#perhaps(() => super.commit(commit));
  }

  override rollUp(p: number, limit: number) {
    return this.#perhaps(() => super.rollUp(p, limit));
  }

  override rollUpForming(
    lease: { readonly p: number; readonly leaseEpoch: number },
    minutes: readonly FormingMinute[],
  ) {
    return this.#perhaps(() => super.rollUpForming(lease, minutes));
  }
}

function aggregator(
  options: Partial<AggregatorOptions> & {
    readonly store: MemoryStore;
    readonly buffer: MemoryBuffer;
    readonly clock: SimClock;
  },
) {
  const announced: EntryId[] = [];
  const counts = { closed: 0, revised: 0, rolled: 0 };
  const settings: Partial<AggregatorSettings> = {
    batchEntriesMax: 7,
    ...options.settings,
  };
  const all: AggregatorOptions = {
    p: 0,
    owner: "me",
    catalog: CATALOG,
    log: silentLog,
    events: {
      onCommitted(_p, position, { candles }) {
        announced.push(position);
        for (const { change } of candles) {
          if (change === "closed") counts.closed++;
          if (change === "revised") counts.revised++;
        }
      },
      onRolledUp: (_p, candles) => counts.rolled += candles.length,
    },
    random: () => 0.5,
    ...options,
    settings,
  };
  const stop = new AbortController();
  const done = runAggregator(all, stop.signal);
  return { done, stop, announced, counts };
}

const append = (buffer: MemoryBuffer, entry: ReturnType<typeof markEntry>) =>
  buffer.append({
    p: 0,
    key: entry.key,
    expectLast: 0,
    newLast: 0,
    entry,
  });

/** Ticks of two symbols over some minutes, out of order and late. */
function someTicks(random: () => number, count: number): TestTick[] {
  return Array.from({ length: count }, (_, i) => {
    const late = random() < 0.05 ? random() * 400 : random() * 2.5;
    return {
      symbol: random() < 0.7 ? "A" : "B",
      ts: moment(10, i * 900 / count - late),
      price: 1 + Math.floor(random() * 500),
      size: Math.floor(random() * 4),
      seq: i + 1,
    };
  });
}

/** The candles, said plainly: sorted, grouped, first and last taken. */
function groupBy(ticks: readonly TestTick[]) {
  const groups = Map.groupBy(
    ticks.toSorted((a, b) => a.ts - b.ts || a.seq - b.seq),
    ({ symbol, ts }) => `${symbol} ${Math.floor(ts / MICROS_PER_MINUTE)}`,
  );
  return [...groups].map(([key, list]) => ({
    key,
    open: list[0].price,
    high: Math.max(...list.map(({ price }) => price)),
    low: Math.min(...list.map(({ price }) => price)),
    close: list[list.length - 1].price,
    volume: list.reduce((sum, { size }) => sum + size, 0),
    n: list.length,
  })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function minutesOf(store: MemoryStore) {
  return [...store.rows.values()]
    .filter(({ interval }) => interval === "1m")
    .map(({ fold: { symbol, t, open, high, low, close, volume, n } }) => ({
      key: `${symbol} ${t / MICROS_PER_MINUTE}`,
      open,
      high,
      low,
      close,
      volume,
      n,
    })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** Sends an acked feed's ticks in batches, again from its ack after a wipe. */
async function sendAll(
  ticks: readonly TestTick[],
  options: {
    readonly random: () => number;
    readonly clock: SimClock;
    readonly buffer: MemoryBuffer;
    readonly store: MemoryStore;
    readonly wipes: number;
  },
): Promise<void> {
  const { random, clock, buffer, store } = options;
  let wipes = options.wipes;
  let sent = 0;
  const committed = () => store.state(0).feeds[0]?.lastSeq ?? 0;
  while (sent < ticks.length || committed() < ticks.length) {
    if (wipes > 0 && sent > ticks.length * random()) {
      wipes--;
      buffer.wipe();
      // What it has an ack for is what was committed, or a little less.
      sent = Math.max(0, committed() - Math.floor(random() * 20));
    }
    const batch = ticks.slice(sent, sent + 1 + Math.floor(random() * 9));
    sent += batch.length;
    const now = clock.now();
    if (batch.length > 0) {
      await append(buffer, ticksEntry(NSE, batch, { receivedAt: now }));
    }
    if (random() < 0.3) await append(buffer, markEntry(now));
    await clock.sleep(random() * 30);
  }
}

Deno.test("candles equal the group-by under crashes, fencing, lost answers and wiped buffers", async () => {
  let faults = 0;
  let wiped = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const clock = new SimClock(moment(10));
    const buffer = new MemoryBuffer(clock);
    const store = new FaultyStore(random, 0.15);
    const wipes = Math.floor(random() * 3);
    const ticks = someTicks(random, 200);
    const { done, stop, announced } = aggregator({
      clock,
      buffer,
      store,
      random,
      settings: seed % 2 === 0 ? { joinCandlesMin: 1, joinReadsMax: 3 } : {},
    });
    const work = async () => {
      await sendAll(ticks, { random, clock, buffer, store, wipes });
      for (const minutes of [40, 2_000]) {
        await append(buffer, markEntry(moment(minutes)));
      }
      const newest = await buffer.newest(0);
      while (announced.at(-1) !== newest) await clock.sleep(100);
      while (store.dirtyOf(0) > 0) await clock.sleep(100);
      stop.abort();
      await done;
    };
    await clock.run(work());
    faults += store.faults;
    wiped += wipes;
    const where = `seed ${seed}`;
    assert.deepEqual(minutesOf(store), groupBy(ticks), where);
    assert.equal(store.appliedOf(0), ticks.length, where);
    assert.deepEqual(store.state(0).open, [], where);
    const [totals] = store.state(0).feeds;
    assert.equal(totals.accepted, ticks.length, where);
    assert.equal(
      totals.received,
      totals.accepted + totals.duplicates + totals.rejected,
      where,
    );
    for (const interval of ["5m", "15m", "1h", "1d"]) {
      const n = [...store.rows.values()]
        .filter((row) => row.interval === interval)
        .reduce((sum, { fold }) => sum + fold.n, 0);
      assert.equal(n, ticks.length, `${where} ${interval}`);
    }
  }
  assert.ok(faults > 300 && wiped > 20, "the seeds injected faults");
});

Deno.test("a store that keeps the position apart from the candles is found out", async () => {
  /** Loses the position, and the feeds' numbers, of its third commit. */
  class Split extends MemoryStore {
    #commits = 0;
    #before = this.state(0);
    override async commit(commit: Commit): Promise<CommitResult> {
      if (this.#commits < 3) this.#before = this.state(0);
      const { position, leaseEpoch } = this.state(0);
      const result = await super.commit({
        ...commit,
        expect: position,
        leaseEpoch,
      });
      if (++this.#commits === 3) throw new Error("the answer was lost");
      return result;
    }
    override async claim(p: number, owner: string) {
      const state = await super.claim(p, owner);
      if (state === null || this.#commits === 0) return state;
      const { position, feeds, progress } = this.#before;
      return { ...state, position, feeds, progress };
    }
  }
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new Split();
  const ticks = someTicks(seeded(4), 60);
  for (const tick of ticks) {
    const receivedAt = epochMicros(Math.round(tick.ts));
    await append(buffer, ticksEntry(NSE, [tick], { receivedAt }));
  }
  const { done, stop } = aggregator({ clock, buffer, store });
  const work = async () => {
    await clock.sleep(60_000);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.notDeepEqual(minutesOf(store), groupBy(ticks));
  assert.ok(store.appliedOf(0) > ticks.length);
});

Deno.test("a partition that another process holds is waited for", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  await store.claim(0, "other");
  await append(buffer, markEntry(moment(10)));
  const { done, stop, announced } = aggregator({ clock, buffer, store });
  const work = async () => {
    await clock.sleep(5_000);
    assert.deepEqual(announced, []);
    store.steal(0);
    await clock.sleep(1_000);
    assert.equal(store.ownerOf(0), "me");
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.deepEqual(announced, [BEFORE_FIRST, await buffer.newest(0)]);
  assert.equal(store.ownerOf(0), null, "given back");
});

Deno.test("each claim is told before what is committed after it", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  const told: string[] = [];
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    events: {
      onUntold: (p) => told.push(`untold ${p}`),
      onClaimed: (p) => told.push(`claimed ${p}`),
      onCommitted: (_p, position) => told.push(position),
      onRolledUp() {},
    },
  });
  const work = async () => {
    await clock.sleep(2_000);
    store.steal(0);
    await append(buffer, markEntry(moment(10)));
    await clock.sleep(5_000);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.deepEqual(told, [
    ...["claimed 0", BEFORE_FIRST],
    ...["untold 0", "claimed 0", BEFORE_FIRST, await buffer.newest(0)],
  ]);
});

/** A store that keeps the second commit and loses the answer to it. */
class SilentOnce extends MemoryStore {
  #commits = 0;
  override async commit(commit: Commit): Promise<CommitResult> {
    const result = await super.commit(commit);
    if (++this.#commits !== 2) return result;
    await this.kept(commit);
    throw new Error("the answer was lost");
  }
  /** Called once it is kept. */
  protected kept(_commit: Commit): void | Promise<void> {}
}

/** What is told of one partition while some ticks come to it. */
async function toldBy(
  store: MemoryStore,
  { owner = "me", ticks = 3 } = {},
) {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const told: string[] = [];
  let candles = 0;
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    events: {
      onUntold: () => told.push("untold"),
      onClaimed: () => told.push("claimed"),
      onCommitted: (_p, _position, change) => candles += change.candles.length,
      onRolledUp() {},
    },
    owner,
  });
  const tick = { symbol: "A", ts: moment(10, 1), price: 100, size: 1, seq: 1 };
  const work = async () => {
    for (let seq = 1; seq <= ticks; seq++) {
      const receivedAt = clock.now();
      await append(
        buffer,
        ticksEntry(NSE, [{ ...tick, seq }], { receivedAt }),
      );
      await clock.sleep(2_000);
    }
    stop.abort();
    await done;
  };
  await clock.run(work());
  return { told, candles };
}

Deno.test("a commit whose answer is lost is told of as one that nobody may know", async () => {
  const store = new SilentOnce();
  const { told, candles } = await toldBy(store);
  assert.equal(store.appliedOf(0), 3);
  assert.equal(candles, 2, "one change of a candle was never told");
  assert.deepEqual(told, ["claimed", "untold", "claimed"]);
  assert.equal(store.state(0).lapsed, false, "given back");
});

/** A claim of it may find something to roll up, and then fail once. */
class FailingStore extends SilentOnce {
  #failsIn = 0;
  #rollsUp = false;
  failNextClaim(): void {
    this.#failsIn = 2;
    this.#rollsUp = true;
  }
  override claim(p: number, owner: string) {
    if (--this.#failsIn === 0) return Promise.reject(new Error("away"));
    return super.claim(p, owner);
  }
  override rollUp(p: number, limit: number) {
    if (!this.#rollsUp) return super.rollUp(p, limit);
    this.#rollsUp = false;
    return Promise.resolve([{} as CommittedCandle]);
  }
}

Deno.test("it is told of though the claim that follows fails in its middle", async () => {
  class Failing extends FailingStore {
    protected override kept() {
      this.failNextClaim();
    }
  }
  const store = new Failing();
  const { told } = await toldBy(store);
  assert.equal(store.appliedOf(0), 3);
  assert.deepEqual(told, ["claimed", "untold", "claimed"]);
});

Deno.test("what another has left untold is told though the claim fails in its middle", async () => {
  const store = new FailingStore();
  await store.claim(0, "killed");
  store.steal(0);
  store.failNextClaim();
  const { told } = await toldBy(store, { ticks: 1 });
  assert.deepEqual(told, ["untold", "claimed"]);
});

Deno.test("it is told of though the lease was ended by a division", async () => {
  class Divided extends SilentOnce {
    protected override async kept({ p, leaseEpoch }: Commit) {
      await this.release(p, leaseEpoch);
      this.steal(p);
    }
  }
  const { told } = await toldBy(new Divided());
  assert.deepEqual(told, ["claimed", "untold", "claimed"]);
});

Deno.test("it is told of though another has the partition by then", async () => {
  class Taken extends SilentOnce {
    protected override async kept({ p, leaseEpoch }: Commit) {
      await this.release(p, leaseEpoch);
      await this.claim(p, "another");
    }
  }
  const { told } = await toldBy(new Taken());
  assert.deepEqual(told, ["claimed", "untold"]);
});

Deno.test("who stops with something untold leaves it to the next to tell", async () => {
  class Away extends SilentOnce {
    #away = false;
    protected override kept() {
      this.#away = true;
    }
    override claim(p: number, owner: string) {
      if (this.#away) return Promise.reject(new Error("away"));
      return super.claim(p, owner);
    }
    runOut() {
      this.#away = false;
      this.steal(0);
    }
  }
  const store = new Away();
  assert.deepEqual((await toldBy(store)).told, ["claimed"]);
  store.runOut();
  const next = await toldBy(store, { owner: "next", ticks: 1 });
  assert.deepEqual(next.told, ["untold", "claimed"]);
});

Deno.test("who claims anew what it has told whole says of nothing that it is untold", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  /** The first claim finds something to roll up, and is made once more. */
  class Behind extends MemoryStore {
    rollUps = 0;
    override rollUp() {
      const made = this.rollUps++ === 0 ? [{} as CommittedCandle] : [];
      return Promise.resolve(made);
    }
  }
  const told: string[] = [];
  const { done, stop } = aggregator({
    clock,
    buffer,
    store: new Behind(),
    events: {
      onUntold: () => told.push("untold"),
      onClaimed: () => told.push("claimed"),
      onCommitted() {},
      onRolledUp() {},
    },
  });
  const work = async () => {
    await append(buffer, markEntry(clock.now()));
    await clock.sleep(2_000);
    buffer.wipe();
    await append(buffer, markEntry(clock.now()));
    await clock.sleep(2_000);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.deepEqual(told, ["claimed", "claimed"]);
});

Deno.test("longer candles of a forming minute are made by whoever has it next", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  const longer = () =>
    [...store.rows.values()].filter(({ interval }) => interval !== "1m")
      .map(({ interval, fold: { n } }) => `${interval} ${n}`);
  const tick = { symbol: "A", ts: moment(10, 1), price: 100, size: 1, seq: 1 };
  const work = async () => {
    const before = aggregator({
      clock,
      buffer,
      store,
      settings: { rollUpEveryMs: Infinity, rollUpRoundsMax: 0 },
    });
    const receivedAt = moment(10, 1);
    await append(buffer, ticksEntry(NSE, [tick], { receivedAt }));
    await clock.sleep(2_000);
    before.stop.abort();
    await before.done;
    assert.deepEqual(longer(), []);
    const { stop, done } = aggregator({ clock, buffer, store });
    await clock.sleep(2_000);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.deepEqual(longer(), ["5m 1", "15m 1", "1h 1", "1d 1"]);
});

Deno.test("a first turn is small, and rolls up as much as any", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const limits: number[] = [];
  class Noting extends MemoryStore {
    override rollUp(p: number, limit: number) {
      limits.push(limit);
      return super.rollUp(p, limit);
    }
  }
  const store = new Noting();
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { firstShare: 1 / 16, rollUpLimit: 64 },
  });
  const work = async () => {
    while (limits.length === 0) await clock.sleep(10);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.equal(limits[0], 64);
});

Deno.test("aborted, the loop commits what it has read", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const stop = new AbortController();
  class Slow extends MemoryStore {
    override async commit(commit: Commit): Promise<CommitResult> {
      stop.abort();
      await clock.sleep(10);
      return super.commit(commit);
    }
  }
  const store = new Slow();
  for (let i = 0; i < 3; i++) {
    const ticks = [{
      symbol: "A",
      ts: moment(i),
      price: 1,
      size: 1,
      seq: i + 1,
    }];
    await append(buffer, ticksEntry(NSE, ticks, { receivedAt: moment(10) }));
  }
  const run = runAggregator({
    p: 0,
    owner: "me",
    clock,
    buffer,
    store,
    catalog: CATALOG,
    log: silentLog,
    events: { onCommitted() {}, onRolledUp() {} },
  }, stop.signal);
  await clock.run(run);
  assert.equal(store.appliedOf(0), 3);
  assert.equal(store.ownerOf(0), null);
});

Deno.test("commits are paced by what they take, and not while much waits", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  let commits = 0;
  let commitMs = 0;
  class Counting extends MemoryStore {
    override async commit(commit: Commit): Promise<CommitResult> {
      commits++;
      if (commitMs > 0) await clock.sleep(commitMs);
      return super.commit(commit);
    }
  }
  const store = new Counting();
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { batchEntriesMax: 200 },
  });
  const commitsOfSecond = async () => {
    commits = 0;
    for (let i = 0; i < 200; i++) {
      await append(buffer, markEntry(clock.now()));
      await clock.sleep(5);
    }
    return commits;
  };
  const work = async () => {
    const counts: number[] = [];
    for (commitMs of [0, 20, 60, 200]) counts.push(await commitsOfSecond());
    const [instant, quick, busy, slow] = counts;
    assert.ok(instant >= 45 && instant <= 51, `${instant}: each 20 ms`);
    assert.ok(quick >= 15 && quick <= 18, `${quick}: each 60 ms`);
    assert.ok(busy >= 9 && busy <= 11, `${busy}: each 100 ms`);
    assert.ok(slow >= 4 && slow <= 6, `${slow}: one after the other`);
    commitMs = 0;
    await clock.sleep(1_000);
    commits = 0;
    for (let i = 0; i < 2_800; i++) {
      await append(buffer, markEntry(clock.now()));
    }
    await clock.sleep(100);
    assert.ok(commits === 14 || commits === 15, `${commits} of 200 each`);
    stop.abort();
    await done;
  };
  await clock.run(work());
});

Deno.test("commits and rollups keep their pace while many ticks come, not while they wait", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  let [commits, rollUps] = [0, 0];
  class Counting extends MemoryStore {
    override commit(commit: Commit): Promise<CommitResult> {
      commits++;
      return super.commit(commit);
    }
    override rollUp(): Promise<readonly CommittedCandle[]> {
      rollUps++;
      // More is left each time, once the partition is taken.
      return Promise.resolve(commits > 0 ? [{} as CommittedCandle] : []);
    }
  }
  const store = new Counting();
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { batchEntriesMax: 200, rollUpRoundsMax: 1 },
  });
  let seq = 0;
  const appendTicks = (count: number) => {
    const from = seq + 1;
    seq += count;
    return append(
      buffer,
      ticksEntry(
        NSE,
        Array.from({ length: count }, (_, i) => ({
          symbol: "A",
          ts: clock.now(),
          price: 100,
          size: 1,
          seq: from + i,
        })),
        { receivedAt: clock.now() },
      ),
    );
  };
  const secondOf = async (ticks: number) => {
    [commits, rollUps] = [0, 0];
    for (let i = 0; i < 100; i++) {
      await appendTicks(ticks);
      await clock.sleep(10);
    }
    return { commits, rollUps };
  };
  const work = async () => {
    await appendTicks(1);
    await clock.sleep(1_000);
    const calm = await secondOf(20);
    assert.ok(calm.commits >= 45, `${calm.commits}: each 20 ms`);
    assert.ok(calm.rollUps >= 3, `${calm.rollUps}: each 250 ms`);
    const busy = await secondOf(2_000);
    assert.ok(busy.commits >= 45, `${busy.commits}: each 20 ms`);
    assert.ok(busy.rollUps >= 3, `${busy.rollUps}: each 250 ms`);
    // More than a turn takes waits: one turn follows the other.
    for (let i = 0; i < 400; i++) await appendTicks(400);
    commits = 0;
    await clock.sleep(100);
    assert.ok(commits >= 2, `${commits} of 80,000 ticks each`);
    stop.abort();
    await done;
  };
  await clock.run(work());
});

Deno.test("the buffer is trimmed to what is safe, and at least five minutes late", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  const ids: EntryId[] = [];
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { trimEveryMs: 60_000, retentionMs: 0 },
  });
  const work = async () => {
    for (let i = 0; i < 20; i++) {
      const result = await append(buffer, markEntry(clock.now()));
      if (result.kind === "appended") ids.push(result.id);
      await clock.sleep(60_000);
    }
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.ok(buffer.trims.length > 5);
  for (const through of buffer.trims) assert.ok(ids.includes(through));
  const last = buffer.trims[buffer.trims.length - 1];
  assert.ok(compareEntryIds(last, ids[12]) >= 0);
  assert.ok(compareEntryIds(last, ids[15]) <= 0, "five minutes are kept");
});

Deno.test("what is not safe from power loss is not trimmed, however old and much", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const ids: EntryId[] = [];
  /** Its first checkpoint, begun when one mark was in, takes 10 minutes. */
  class SlowToSync extends MemoryStore {
    syncs = 0;
    override async checkpoint() {
      if (this.syncs++ === 0) await clock.sleep(600_000);
      else throw new Error("no disk");
    }
  }
  const { done, stop } = aggregator({
    clock,
    buffer,
    store: new SlowToSync(),
    settings: { trimEveryMs: 60_000, retentionMs: 0, bufferBytesMax: 0 },
  });
  const work = async () => {
    for (let i = 0; i < 30; i++) {
      const result = await append(buffer, markEntry(clock.now()));
      if (result.kind === "appended") ids.push(result.id);
      await clock.sleep(60_000);
    }
    stop.abort();
    await done;
  };
  await clock.run(work());
  // Others were committed by then, and are old enough, but may not be safe.
  assert.deepEqual(new Set(buffer.trims), new Set([ids[0]]));
  assert.equal((await buffer.stats()).entries, 29);
});

Deno.test("ticks are kept for less while the buffer is over its budget", async () => {
  for (const [budget, kept] of [[Infinity, 40], [20, 20], [0, 0]]) {
    const clock = new SimClock(moment(10));
    const buffer = new MemoryBuffer(clock);
    const store = new MemoryStore();
    const { done, stop } = aggregator({
      clock,
      buffer,
      store,
      settings: {
        trimEveryMs: 60_000,
        retentionMs: 24 * 3_600_000,
        bufferBytesMax: budget,
      },
    });
    const work = async () => {
      for (let i = 0; i < 40; i++) {
        await append(buffer, markEntry(clock.now()));
        await clock.sleep(60_000);
      }
      stop.abort();
      await done;
    };
    await clock.run(work());
    const { bytes } = await buffer.stats();
    assert.ok(
      bytes >= kept * 0.6 && bytes <= kept + 1,
      `${bytes} are kept of a budget of ${budget}`,
    );
  }
});

Deno.test("a buffer that fills faster than it is trimmed is trimmed before its time", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const { done, stop } = aggregator({
    clock,
    buffer,
    store: new MemoryStore(),
    settings: {
      trimEveryMs: 3_600_000,
      retentionMs: 24 * 3_600_000,
      bufferBytesMax: 60,
    },
  });
  let most = 0;
  const work = async () => {
    for (let second = 0; second < 600; second++) {
      await append(buffer, markEntry(clock.now()));
      most = Math.max(most, (await buffer.stats()).bytes);
      await clock.sleep(1_000);
    }
    const { entries } = await buffer.stats();
    assert.ok(entries >= 30, `${entries} are left of half a minute's 30`);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.ok(most <= 75, `${most} of a budget of 60`);
});

Deno.test("a symbol that the warehouse has lost is registered as its ticks have it", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  const restored = new Map<string, unknown>();
  const catalog: InstrumentCalendars = {
    ...CATALOG,
    get: (symbol) => restored.has(symbol) ? {} as Instrument : undefined,
    restore: (symbol, scales) => {
      restored.set(symbol, scales);
      return Promise.resolve();
    },
  };
  const tick = { symbol: "LOST", ts: moment(10), price: 1, size: 1, seq: 1 };
  await append(buffer, ticksEntry(NSE, [tick], { receivedAt: moment(10) }));
  const { done, stop } = aggregator({ clock, buffer, store, catalog });
  const work = async () => {
    await clock.sleep(1_000);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.equal(store.appliedOf(0), 1);
  assert.deepEqual([...restored], [["LOST", { priceScale: 2, sizeScale: 0 }]]);
});

Deno.test("a symbol that the catalog lacks is read, or waited for", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  let refreshed = 0;
  const catalog: InstrumentCalendars = {
    ...CATALOG,
    get: () => refreshed >= 3 ? {} as Instrument : undefined,
    refresh: () => Promise.resolve(void refreshed++),
    restore: () => Promise.reject(new Error("the warehouse is down")),
  };
  const tick = { symbol: "NEW", ts: moment(10), price: 1, size: 1, seq: 1 };
  await append(buffer, ticksEntry(NSE, [tick], { receivedAt: moment(10) }));
  const { done, stop } = aggregator({ clock, buffer, store, catalog });
  const work = async () => {
    await clock.sleep(5_000);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.equal(store.appliedOf(0), 1);
  assert.equal(refreshed, 3);
});

Deno.test("a backlog that is too much for one commit is committed in smaller ones", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  let [refused, largest] = [0, 0];
  class Slow extends MemoryStore {
    override async commit(commit: Commit): Promise<CommitResult> {
      if (commit.applied > 40) {
        refused++;
        await clock.sleep(4_000);
        throw new Error("the statement took too long");
      }
      largest = Math.max(largest, commit.applied);
      return await super.commit(commit);
    }
  }
  for (let seq = 1; seq <= 1_000; seq++) {
    const ts = moment(10, seq / 10);
    const tick = { symbol: "A", ts, price: 1, size: 1, seq };
    await append(buffer, ticksEntry(NSE, [tick], { receivedAt: ts }));
  }
  const store = new Slow();
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { batchEntriesMax: 512 },
  });
  const work = async () => {
    while (store.appliedOf(0) < 1_000) await clock.sleep(100);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.equal(store.appliedOf(0), 1_000);
  assert(refused > 0 && largest > 8, `${refused} refused, ${largest} at most`);
});

Deno.test("a bug of ours ends the loop; an outage does not", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  class Broken extends MemoryStore {
    override commit(): Promise<CommitResult> {
      throw new AssertionError("low <= high");
    }
  }
  await append(buffer, markEntry(moment(10)));
  const { done } = aggregator({ clock, buffer, store: new Broken() });
  await assert.rejects(clock.run(done), AssertionError);
});

Deno.test("a buffer that is away costs no claim, and a commit is next", async () => {
  const clock = new SimClock(moment(10));
  const store = new MemoryStore();
  class Away extends MemoryBuffer {
    away = false;
    failed = 0;
    override read(...args: Parameters<MemoryBuffer["read"]>) {
      if (!this.away) return super.read(...args);
      this.failed++;
      return Promise.reject(new Error("connection refused"));
    }
  }
  const buffer = new Away(clock);
  const told: string[] = [];
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    events: {
      onClaimed: () => told.push("claimed"),
      onLost: () => told.push("lost"),
      onCommitted: (_p, position) => told.push(position),
      onRolledUp() {},
    },
  });
  const work = async () => {
    await clock.sleep(2_000);
    buffer.away = true;
    await append(buffer, markEntry(moment(10)));
    await clock.sleep(3_000);
    assert.ok(buffer.failed > 10, `${buffer.failed} tries`);
    buffer.away = false;
    await clock.sleep(500);
    assert.deepEqual(told, [
      "claimed",
      BEFORE_FIRST,
      await buffer.newest(0),
    ]);
    stop.abort();
    await done;
  };
  await clock.run(work());
});

Deno.test("retryDelayMs() doubles up to a bound, with jitter", () => {
  const settings = { retryMsMin: 100, retryMsMax: 5_000 };
  const delays = [1, 2, 3, 7, 900].map((n) =>
    retryDelayMs(n, settings, () => 0)
  );
  assert.deepEqual(delays, [100, 200, 400, 5_000, 5_000]);
  assert.equal(retryDelayMs(2, settings, () => 1), 100);
});

Deno.test("rejects reach the quarantine, and feed totals the store", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  await append(
    buffer,
    ticksEntry(NSE, [], { receivedAt: moment(10), rejects: [reject(1)] }),
  );
  await append(
    buffer,
    streamEntry({
      kind: "open",
      key: NSE,
      delivery: "acked",
      receivedAt: epochMicros(moment(10)),
    }),
  );
  const { done, stop } = aggregator({ clock, buffer, store });
  const work = async () => {
    await clock.sleep(1_000);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.equal(store.quarantine.size, 1);
  const [totals] = store.state(0).feeds;
  assert.deepEqual([totals.connected, totals.rejected], [true, 1]);
});

Deno.test("many rejects are committed some at a time, each once", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const sizes: number[] = [];
  class Noting extends MemoryStore {
    override commit(commit: Commit): Promise<CommitResult> {
      sizes.push(commit.quarantine.length);
      return super.commit(commit);
    }
  }
  for (let i = 0; i < 10; i++) {
    const rejects = Array.from(
      { length: 400 },
      (_, k) => reject(400 * i + k + 1),
    );
    await append(
      buffer,
      ticksEntry(NSE, [], { receivedAt: moment(10), rejects }),
    );
  }
  const store = new Noting();
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { rejectsMax: 1_024 },
  });
  const work = async () => {
    while (store.quarantine.size < 4_000) await clock.sleep(10);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.equal(sizes.reduce((sum, n) => sum + n, 0), 4_000);
  assert.ok(Math.max(...sizes) === 800, sizes.join(", "));
  assert.ok(sizes.length < 10, sizes.join(", "));
  assert.equal(store.state(0).feeds[0].rejected, 4_000);
});

Deno.test("a commit of many candles takes more reads in, while there is more to read", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const sizes: number[] = [];
  class Noting extends MemoryStore {
    override commit(commit: Commit): Promise<CommitResult> {
      sizes.push(commit.applied);
      return super.commit(commit);
    }
  }
  for (let i = 0; i < 10; i++) {
    const ticks = ["A", "B", "C"].map((symbol, k) => ({
      symbol,
      ts: moment(9, 30 + i),
      price: 100,
      size: 1,
      seq: 3 * i + k + 1,
    }));
    await append(buffer, ticksEntry(NSE, ticks, { receivedAt: moment(10) }));
  }
  const settings = { batchEntriesMax: 2, joinReadsMax: 4 };
  const commits = async (joinCandlesMin: number) => {
    sizes.length = 0;
    const { done, stop } = aggregator({
      clock,
      buffer,
      store: new Noting(),
      settings: { ...settings, joinCandlesMin },
    });
    const work = async () => {
      await clock.sleep(1_000);
      stop.abort();
      await done;
    };
    await clock.run(work());
    return [...sizes];
  };
  assert.deepEqual(await commits(3), [24, 6]);
  assert.deepEqual(await commits(4), [6, 6, 6, 6, 6]);
});

Deno.test("a commit of many candles rests as the last one took, and closes at once", async () => {
  const clock = new SimClock(moment(10));
  const buffer = new MemoryBuffer(clock);
  const commits: { readonly applied: number; readonly closes: number }[] = [];
  class Slow extends MemoryStore {
    override async commit(commit: Commit): Promise<CommitResult> {
      const { applied, steps } = commit;
      const closes = steps.reduce((sum, step) => sum + step.closes.length, 0);
      commits.push({ applied, closes });
      await clock.sleep(100);
      return await super.commit(commit);
    }
  }
  const store = new Slow();
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { joinCandlesMin: 3 },
  });
  let seq = 0;
  /** An entry of three symbols, of that moment; each comes 10 ms after another. */
  const send = async (at: number, symbols = ["A", "B", "C"]) => {
    const ticks = symbols.map((symbol) => ({
      symbol,
      ts: at,
      price: 100,
      size: 1,
      seq: ++seq,
    }));
    await append(buffer, ticksEntry(NSE, ticks, { receivedAt: clock.now() }));
    await clock.sleep(10);
  };
  const work = async () => {
    for (let i = 0; i < 100; i++) await send(moment(10, i / 10));
    // Of each symbol the watermark passes the end of the minute.
    for (const symbol of ["A", "B", "C"]) {
      for (let i = 0; i < 4; i++) await send(moment(11, 4), [symbol]);
    }
    for (let i = 0; i < 40; i++) await send(moment(11, 4));
    while (store.state(0).feeds[0]?.lastSeq !== seq) await clock.sleep(10);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.equal(commits.reduce((sum, one) => sum + one.applied, 0), seq);
  // Each takes a tenth of a second and rests for three.
  const about = 1_520 / 400;
  assert.ok(commits.length <= about + 3, `${commits.length} commits`);
  assert.deepEqual(
    commits.filter(({ closes }) => closes > 0).map(({ closes }) => closes),
    [3],
    "the minute of all of them is closed by one commit",
  );
});

Deno.test("many minutes of the past are committed some at a time", async () => {
  const clock = new SimClock(moment(100));
  const buffer = new MemoryBuffer(clock);
  const sizes: number[] = [];
  class Noting extends MemoryStore {
    override commit(commit: Commit): Promise<CommitResult> {
      sizes.push(commit.applied);
      return super.commit(commit);
    }
  }
  // Five entries of forty minutes, one of a single minute.
  for (let i = 0; i < 6; i++) {
    const ticks = Array.from({ length: 40 }, (_, k) => ({
      symbol: "A",
      ts: moment(i < 5 ? k : 99, k),
      price: 100,
      size: 1,
      seq: 40 * i + k + 1,
    }));
    await append(buffer, ticksEntry(NSE, ticks, { receivedAt: moment(100) }));
  }
  const store = new Noting();
  const { done, stop } = aggregator({
    clock,
    buffer,
    store,
    settings: { furtherMinutesMax: 100 },
  });
  const work = async () => {
    while (store.state(0).feeds[0]?.lastSeq !== 240) await clock.sleep(10);
    stop.abort();
    await done;
  };
  await clock.run(work());
  assert.deepEqual(sizes.filter((size) => size > 0), [80, 80, 80]);
});

Deno.test("ticks have waited since they came in, marks are not waited for", async () => {
  const clock = new SimClock(moment(10, 5));
  const buffer = new MemoryBuffer(clock);
  const store = new MemoryStore();
  const waits = new WaitSketch();
  const ticks = [1, 2].map((seq) => ({
    symbol: "A",
    ts: moment(10),
    price: 1,
    size: 1,
    seq,
  }));
  await append(buffer, ticksEntry(NSE, ticks, { receivedAt: moment(10) }));
  await append(buffer, markEntry(moment(9)));
  const { done, stop } = aggregator({ clock, buffer, store, waits });
  const work = async () => {
    await clock.sleep(500);
    stop.abort();
    await done;
  };
  await clock.run(work());
  const { n, max } = waits.waits()!;
  assert.equal(n, 2);
  assert.ok(max >= 5_000 && max < 10_000, `${max} ms`);
});
