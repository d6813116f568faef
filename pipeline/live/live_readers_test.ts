/** Readers of some partitions, in processes that hear those and no others. */
import assert from "node:assert/strict";
import { partitionOf } from "../domain/hash.ts";
import { silentLog } from "../silent_log.ts";
import {
  InProcessBus,
  type LiveBus,
  type LiveFilter,
  type NumberedEvent,
} from "./live_bus.ts";
import { LiveRelay } from "./live_relay.ts";
import type { Clock } from "../ports.ts";
import { closedMinute } from "./testing/candle_events.ts";
import { FakeServer } from "./testing/fake_server.ts";
import { HandClock } from "./testing/hand_clock.ts";

const PARTITIONS = 8;
const KEPT_MS = 3_000;
/** A symbol of each partition. */
const SYMBOLS: readonly string[] = Array.from(
  { length: PARTITIONS },
  (_, p) => {
    for (let i = 0;; i++) {
      if (partitionOf(`S${i}`, PARTITIONS) === p) return `S${i}`;
    }
  },
);

/** An event that is known by its number. */
const closed = (symbol: string, n: number) => closedMinute(symbol, n, n);

function numberOf({ event }: NumberedEvent): number {
  return "candle" in event ? event.candle.n : NaN;
}

function setUp({ orders = 1 } = {}) {
  const clock = new HandClock();
  const server = new FakeServer(orders, clock);
  const abort = new AbortController();
  const running: Promise<void>[] = [];
  const processOf = (bootId: string, listens = true) => {
    const bus = new InProcessBus({
      clock,
      bootId,
      channels: PARTITIONS,
      orders,
    });
    const relay = new LiveRelay({
      bus,
      link: server.link(),
      bootId,
      listens,
      partitions: PARTITIONS,
      clock,
      log: silentLog,
      keptMs: KEPT_MS,
    });
    running.push(relay.run(abort.signal));
    return { bus, relay, clock };
  };
  const stop = async () => {
    server.delayMs = null;
    abort.abort();
    await clock.move(1_000);
    await Promise.all(running);
  };
  return { clock, server, processOf, stop };
}

/** Somebody with a stream of some symbols, at one process after the other. */
class Reader {
  readonly filter: LiveFilter;
  /** All that it knows of. */
  readonly told = new Set<number>();
  snapshots = 0;
  replays = 0;
  ended = 0;
  #id: string | null = null;
  #leave: (() => void) | null = null;

  constructor(symbols: readonly string[]) {
    this.filter = { symbols: new Set(symbols), intervals: null, kinds: null };
  }

  get isOpen(): boolean {
    return this.#leave !== null;
  }

  /**
   * @param stored All that was published until it is asked for.
   * @param readMs How long until it is, once the reading has begun.
   */
  async open(
    { bus, clock }: { readonly bus: LiveBus; readonly clock: Clock },
    stored: () => readonly number[],
    readMs = 0,
  ): Promise<void> {
    const missed = this.#id === null ? null : bus.since(this.#id, this.filter);
    if (missed === null) await bus.ready(this.filter);
    const readFromMs = missed === null ? clock.steadyMs() : -Infinity;
    let reading = missed === null && readMs > 0;
    this.#leave = bus.subscribe(
      this.filter,
      (events) => {
        for (const event of events) this.told.add(numberOf(event));
        if (!reading) this.#id = bus.lastId(this.filter);
      },
      (untilMs) => {
        if (readFromMs > untilMs) return;
        this.ended++;
        this.leave();
      },
    );
    if (reading) await clock.sleep(readMs);
    reading = false;
    const known = missed?.map(numberOf) ?? stored();
    for (const n of known) this.told.add(n);
    if (missed === null) this.snapshots++;
    else this.replays++;
    // One that is to begin anew has no id that says that it lacks nothing.
    if (this.isOpen) this.#id = bus.lastId(this.filter);
  }

  leave(): void {
    this.#leave?.();
    this.#leave = null;
  }
}

Deno.test("a process is sent what its readers need, and gives it back after them", async () => {
  const { clock, server, processOf, stop } = setUp();
  const stages = processOf("stages", false);
  const web = processOf("web");
  const { bus } = web;
  const [one, other] = [new Reader([SYMBOLS[3]]), new Reader([SYMBOLS[5]])];
  const publish = (n: number) =>
    stages.relay.publish(SYMBOLS.map((symbol, p) => closed(symbol, n + p)));
  await clock.move(1_000);
  assert.deepEqual(server.subscribedBy(0), []);
  await one.open(web, () => []);
  assert.deepEqual(server.subscribedBy(0), [3]);
  publish(0);
  await clock.move(100);
  assert.equal(bus.last - 1, 1, "one event of eight came");
  await other.open(web, () => []);
  assert.deepEqual(server.subscribedBy(0), [3, 5]);
  assert.deepEqual([one.ended, other.ended], [0, 0]);
  publish(10);
  await clock.move(100);
  assert.deepEqual([...one.told], [3, 13]);
  assert.deepEqual([...other.told], [15]);
  one.leave();
  await clock.move(KEPT_MS - 200);
  assert.deepEqual(server.subscribedBy(0), [3, 5]);
  publish(20);
  await clock.move(100);
  await one.open(web, () => []);
  assert.deepEqual([...one.told], [3, 13, 23]);
  assert.equal(one.replays, 1, "it came back within a while");
  one.leave();
  await clock.move(KEPT_MS + 1_100);
  assert.deepEqual(server.subscribedBy(0), [5]);
  assert.equal(bus.since("web-1", one.filter), null);
  await one.open(web, () => []);
  assert.equal(one.snapshots, 2, "what it missed was not heard");
  publish(30);
  await clock.move(100);
  assert.deepEqual([...one.told], [3, 13, 23, 33]);
  assert.deepEqual([one.ended, other.ended], [0, 0]);
  await stop();
});

Deno.test("another process goes on where it heard the same partitions", async () => {
  const { clock, processOf, stop } = setUp();
  const stages = processOf("stages", false);
  const [a, b] = [processOf("a"), processOf("b")];
  const [one, beside] = [new Reader([SYMBOLS[3]]), new Reader([SYMBOLS[3]])];
  await beside.open(b, () => []);
  await one.open(a, () => []);
  stages.relay.publish([closed(SYMBOLS[3], 1), closed(SYMBOLS[4], 2)]);
  await clock.move(100);
  one.leave();
  stages.relay.publish([closed(SYMBOLS[3], 3), closed(SYMBOLS[4], 4)]);
  await clock.move(100);
  await one.open(b, () => []);
  assert.deepEqual([...one.told], [1, 3]);
  assert.equal(one.replays, 1);
  one.leave();
  // Who wants another partition as well is told what was stored.
  const both = new Reader([SYMBOLS[3], SYMBOLS[4]]);
  await both.open(b, () => [1, 2, 3, 4]);
  stages.relay.publish([closed(SYMBOLS[4], 5)]);
  await clock.move(100);
  assert.deepEqual([...both.told], [1, 2, 3, 4, 5]);
  await stop();
});

Deno.test("a server of a cluster that is lost concerns the readers of its partitions", async () => {
  const { clock, server, processOf, stop } = setUp({ orders: 4 });
  const web = processOf("web");
  const { bus } = web;
  const readers = SYMBOLS.map((symbol) => new Reader([symbol]));
  for (const reader of readers) await reader.open(web, () => []);
  await clock.move(5_000);
  server.interrupt(1);
  const ids = readers.map(({ filter }) =>
    bus.since(bus.lastId(filter), filter)
  );
  assert.deepEqual(ids.map((missed) => missed === null), [
    ...[false, true, false, false],
    ...[false, true, false, false],
  ]);
  server.restart(1);
  assert.deepEqual(readers.map(({ ended }) => ended), [
    ...[0, 1, 0, 0],
    ...[0, 1, 0, 0],
  ]);
  await stop();
});

Deno.test("what was maybe not told of a partition concerns its readers", async () => {
  const { clock, processOf, stop } = setUp({ orders: 4 });
  const stages = processOf("stages", false);
  const web = processOf("web");
  const { relay } = web;
  const readers = SYMBOLS.map((symbol) => new Reader([symbol]));
  const cut = async (lost: () => void) => {
    for (const reader of readers) {
      if (!reader.isOpen) await reader.open(web, () => []);
    }
    await clock.move(5_000);
    lost();
    await clock.move(3_000);
    return [...readers.keys()].filter((p) => !readers[p].isOpen);
  };
  // Those too of all that has the same order.
  assert.deepEqual(await cut(() => relay.lost([5])), [1, 5]);
  assert.deepEqual(await cut(() => stages.relay.lost([5])), [1, 5]);
  assert.deepEqual(await cut(() => relay.lost()), [...readers.keys()]);
  await stop();
});

/** When something is lost last: before a reading, while it goes on, or after. */
type Moment = "before" | "during" | "after";

/**
 * Whether a reader begins anew who comes while something is lost, and one who
 * was there already.
 *
 * @param heard Whether the one who says so was heard before.
 * @param aheadMs What the clock is set to while the reading goes on.
 */
async function endedBy(
  moment: Moment,
  { own, heard, aheadMs }: {
    readonly own: boolean;
    readonly heard: boolean;
    readonly aheadMs: number;
  },
): Promise<readonly [number, number]> {
  const { clock, processOf, stop } = setUp();
  const [stages, web] = [processOf("stages", false), processOf("web")];
  const { relay } = own ? web : stages;
  const [there, comes] = [1, 2].map(() => new Reader([SYMBOLS[3]]));
  if (heard) await there.open(web, () => []);
  await clock.move(5_000);
  const lose = async () => {
    relay.lost([3]);
    await clock.move(20); // others hear of it with the next beat
  };
  await lose();
  await lose();
  const opened = comes.open(web, () => [], 100);
  await clock.move(50);
  clock.aheadMs = aheadMs;
  if (moment === "during") await lose();
  await clock.move(100);
  await opened;
  if (moment === "after") await lose();
  await clock.move(20_000);
  await stop();
  return [there.ended, comes.ended];
}

Deno.test("who began to read once something was lost does not begin anew for it", async () => {
  for (const own of [false, true]) {
    for (const heard of [false, true]) {
      const was = heard ? 1 : 0;
      for (const aheadMs of [0, -3_600_000, 3_600_000]) {
        const source = { own, heard, aheadMs };
        assert.deepEqual(await endedBy("before", source), [was, 0]);
        assert.deepEqual(await endedBy("during", source), [was, 1]);
        assert.deepEqual(await endedBy("after", source), [was, 1]);
      }
    }
  }
});

Deno.test("who reads while a message fails begins anew, and not who comes after it", async () => {
  const { clock, server, processOf, stop } = setUp();
  const [stages, web] = [processOf("stages", false), processOf("web")];
  const [there, comes] = [1, 2].map(() => new Reader([SYMBOLS[3]]));
  await there.open(web, () => []);
  stages.relay.publish([closed(SYMBOLS[3], 1)]);
  await clock.move(5_000);
  server.up = false;
  stages.relay.publish([closed(SYMBOLS[3], 2)]);
  await clock.move(100);
  server.up = true;
  await comes.open(web, () => [1, 2]);
  await clock.move(10_000);
  assert.deepEqual([there.ended, comes.ended], [1, 0]);
  assert.deepEqual([...comes.told], [1, 2]);
  await stop();
});

Deno.test("pages are there while nothing can be heard, and begin anew once it can", async () => {
  const { clock, server, processOf, stop } = setUp();
  const web = processOf("web");
  const { relay } = web;
  server.delayMs = () => 10_000;
  const reader = new Reader([SYMBOLS[0]]);
  let opened = false;
  reader.open(web, () => []).then(() => opened = true);
  await clock.move(1_100);
  assert.ok(opened);
  relay.publish([closed(SYMBOLS[0], 1)]);
  assert.deepEqual([...reader.told], [1], "what happens here is told");
  await clock.move(10_000);
  assert.equal(reader.ended, 1);
  await stop();
});

Deno.test("what is on its way when a partition comes to be heard is not taken for known", async () => {
  for (const isLate of [false, true]) {
    const { clock, server, processOf, stop } = setUp();
    const stages = processOf("stages", false);
    const [own, b] = [processOf("own"), processOf("b")];
    const symbol = [SYMBOLS[0]];
    const one = new Reader(symbol);
    await one.open(b, () => []);
    let delayMs = 60;
    server.delayMs = () => delayMs;
    own.relay.publish([closed(SYMBOLS[0], 1)]);
    await clock.move(30); // it is sent, and not there yet
    delayMs = 5;
    const beside = new Reader(symbol);
    const opened = beside.open(own, () => [1]);
    await clock.move(10);
    await opened;
    if (isLate) server.hold(0);
    stages.relay.publish([closed(SYMBOLS[0], 2)]);
    await clock.move(35);
    one.leave();
    assert.deepEqual([...one.told], [2], "it came before the other");
    if (isLate) await clock.move(100);
    server.release(0);
    await one.open(own, () => [1, 2]);
    assert.deepEqual([...one.told].sort(), [1, 2]);
    await stop();
  }
});

Deno.test("what was sent as its partition was given back is waited for by nobody", async () => {
  const { clock, server, processOf, stop } = setUp();
  const stages = processOf("stages", false);
  const [own, b] = [processOf("own"), processOf("b")];
  const [there, here, gone] = [3, 3, 4].map((p) => new Reader([SYMBOLS[p]]));
  await there.open(b, () => []);
  await here.open(own, () => []);
  await gone.open(own, () => []);
  gone.leave();
  while (server.subscribedBy(0).includes(4)) {
    own.relay.publish([closed(SYMBOLS[4], 1)]);
    await clock.move(5);
  }
  await clock.move(1_000);
  const ids: string[] = [];
  for (const n of [2, 3]) {
    stages.relay.publish([closed(SYMBOLS[3], n)]);
    await clock.move(100);
    ids.push(b.bus.lastId(there.filter));
  }
  const missed = ids.map((id) => own.bus.since(id, here.filter));
  assert.deepEqual(missed.map((events) => events?.map(numberOf)), [[3], []]);
  await stop();
});

/** Readers who come, go and change, while messages are late, held and lost. */
async function wander(seed: number, orders: number): Promise<{
  readonly lost: readonly string[];
  readonly replays: number;
}> {
  const { clock, server, processOf, stop } = setUp({ orders });
  let state = seed;
  const random = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor(state / 2 ** 32 * n);
  };
  const stages = [processOf("stages", false), processOf("more", false)];
  const nodes = ["a", "b", "c"].map((name) => processOf(name));
  const readers = [[0], [1], [1, 5], [2, 3, 7], [4, 6]].map((some) =>
    new Reader(some.map((p) => SYMBOLS[p]))
  );
  const published = new Map<string, number[]>(SYMBOLS.map((one) => [one, []]));
  const stored = ({ filter }: Reader) =>
    [...filter.symbols!].flatMap((symbol) => published.get(symbol)!);
  if (seed % 2 === 0) server.delayMs = () => 5 * random(8);
  const opening = new Set<Reader>();
  const open = (reader: Reader) => {
    opening.add(reader);
    reader.open(nodes[random(3)], () => stored(reader), 5 * random(20))
      .then(() => opening.delete(reader));
  };
  for (let n = 1; n <= 600; n++) {
    const source = [...stages, ...nodes][random(5)];
    const symbol = SYMBOLS[random(PARTITIONS)];
    published.get(symbol)!.push(n);
    source.relay.publish([closed(symbol, n)]);
    if (random(12) === 0) server.hold(random(3), random(orders));
    if (random(200) === 0) server.up = false;
    if (random(20) === 0) server.up = true;
    if (random(200) === 0) {
      const order = random(orders);
      server.interrupt(order);
      server.restart(order);
    }
    await clock.move(5 * random(12));
    if (random(4) === 0) { for (const i of [0, 1, 2]) server.release(i); }
    const reader = readers[random(readers.length)];
    if (opening.has(reader)) continue;
    // Some stay away for longer than what they need is kept.
    if (!reader.isOpen && random(reader.ended % 2 === 0 ? 3 : 30) === 0) {
      open(reader);
    } else if (reader.isOpen && random(4) === 0) {
      reader.leave();
      if (random(2) === 0) open(reader); // at once, elsewhere
    }
  }
  server.up = true;
  for (const i of [0, 1, 2]) server.release(i);
  // What was missed is seen to, and who was cut comes back, until nobody is.
  for (let quietMs = 0, rounds = 0; quietMs < 5_000; quietMs += 500) {
    await clock.move(500);
    assert.ok(++rounds < 100, "readers are cut for ever");
    for (const reader of readers) {
      if (reader.isOpen || opening.has(reader)) continue;
      quietMs = 0;
      open(reader);
    }
  }
  const lost = readers.flatMap((reader, i) =>
    stored(reader).filter((n) => !reader.told.has(n))
      .map((n) => `${n} by ${i}`)
  );
  await stop();
  return { lost, replays: readers.reduce((n, one) => n + one.replays, 0) };
}

Deno.test("readers of some partitions who wander end with what was published", async () => {
  let replays = 0;
  for (let seed = 1; seed <= 24; seed++) {
    const walk = await wander(seed, [1, 2, 4][seed % 3]);
    assert.deepEqual(walk.lost, [], `seed ${seed}`);
    replays += walk.replays;
  }
  assert.ok(replays > 100, `${replays} replays`);
});
