import assert from "node:assert/strict";
import { candleView } from "../../pipeline/domain/candle.ts";
import type { Catalog } from "../../pipeline/catalog.ts";
import type { Instrument } from "../../pipeline/domain/instrument.ts";
import type { LiveEvent } from "../../pipeline/domain/live_event.ts";
import { toMillis } from "../../pipeline/domain/time.ts";
import { nextTurn } from "../../pipeline/next_turn.ts";
import type { Clock } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { createApp } from "../../web/create_app.ts";
import { type Services, STREAM_LIMITS } from "../../web/services.ts";
import { evictedStreams, openStreams } from "../../web/stream_response.ts";
import { EventReader } from "../harness/event_reader.ts";
import {
  candle,
  fakeData,
  fakeServices,
  MINUTE,
  minutesAgo,
  NOW,
} from "./fake_services.ts";

const ALL = { symbols: null, intervals: null, kinds: null };

function closed(n: number, ticks = 7): LiveEvent {
  const view = candleView(candle("NIFTY50", minutesAgo(n), { n: ticks }));
  const kind = "candle.closed";
  return { kind, symbol: "NIFTY50", interval: "1m", candle: view };
}

function forming(ticks: number): LiveEvent {
  const row = candle("NIFTY50", MINUTE, { n: ticks, closed: false });
  const candleOf = candleView(row);
  return {
    kind: "candle",
    symbol: "NIFTY50",
    interval: "1m",
    candle: candleOf,
  };
}

async function setUp(changes: Partial<Services> = {}) {
  const services = await fakeServices(changes, fakeData());
  const handler = createApp(() => services).handler();
  const open = async (query = "?symbols=NIFTY50", headers: HeadersInit = {}) =>
    new EventReader(
      await handler(
        new Request(`http://localhost/api/stream${query}`, { headers }),
      ),
    );
  return { services, open };
}

Deno.test("a stream begins with a snapshot and goes on with what happens", async () => {
  const { services, open } = await setUp();
  const reader = await open();
  assert.match(
    reader.response.headers.get("content-type")!,
    /^text\/event-stream/,
  );
  const snapshot = (await reader.next())!;
  assert.equal(snapshot.event, "snapshot");
  const [part] = snapshot.data.symbols;
  assert.equal(part.symbol, "NIFTY50");
  assert.equal(part.candles[0].closed.length, 9);
  assert.equal(part.candles[0].forming.t, toMillis(MINUTE));
  assert.equal(part.forecasts.length, 2);
  assert.equal(part.signals[0].action, "HOLD");
  assert.equal(part.feed.status, "live");

  services.bus.publish([forming(8)]);
  assert.equal((await reader.next())!.data.candle.n, 8);
  services.bus.publish([closed(0, 9)]);
  const last = (await reader.next())!;
  assert.equal(last.event, "candle.closed");
  assert.equal(last.id, services.bus.lastId(ALL));
  await reader.leave();
});

Deno.test("nothing is lost or told twice between the snapshot and what follows", async () => {
  const { services, open } = await setUp();
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  candles.latest = async (...args) => {
    const rows = await latest(...args);
    // Committed and published after the snapshot was read, before it is sent.
    services.bus.publish([closed(1), closed(2, 99), forming(3)]);
    return rows;
  };
  const reader = await open();
  assert.equal((await reader.next())!.event, "snapshot");
  const next = (await reader.next())!;
  assert.deepEqual([next.event, next.data.candle.n], ["candle.closed", 99]);
  services.bus.publish([closed(0, 50)]);
  assert.equal((await reader.next())!.data.candle.n, 50);
  await reader.leave();
});

Deno.test("a crowd that asks for the same shares a reading, and misses nothing", async () => {
  const { services, open } = await setUp();
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  const read = Promise.withResolvers<void>();
  let readings = 0;
  candles.latest = async (...args) => {
    const rows = await latest(...args);
    // Committed after the rows were read, and before others come.
    if (readings++ === 0) services.bus.publish([closed(1, 99)]);
    await read.promise;
    return rows;
  };
  const all = Array.from({ length: 21 }, () => open());
  const other = open("?symbols=NIFTY50&history=5");
  while (openStreams() < 22 || readings < 2) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  read.resolve();
  for (const reader of await Promise.all(all)) {
    assert.equal((await reader.next())!.event, "snapshot");
    assert.equal((await reader.next())!.data.candle.n, 99);
    await reader.leave();
  }
  await (await other).leave();
  assert.equal(readings, 2);
});

Deno.test("who asks soon after gets the same snapshot, and what has happened since", async () => {
  const { services, open } = await setUp();
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  let readings = 0;
  candles.latest = (...args) => {
    readings++;
    return latest(...args);
  };
  const first = await open();
  services.bus.publish([closed(1, 99)]);
  const second = await open();
  assert.equal(readings, 1);
  const { data } = (await second.next())!;
  assert.deepEqual(data, (await first.next())!.data);
  for (const reader of [first, second]) {
    assert.equal((await reader.next())!.data.candle.n, 99);
    await reader.leave();
  }
  // It holds for the bus of which it was read.
  services.bus.restart();
  const third = await open();
  assert.equal(readings, 2);
  assert.equal((await third.next())!.event, "snapshot");
  await third.leave();
});

Deno.test("nothing is lost while a snapshot is read, however much the bus forgets", async () => {
  const { services, open } = await setUp();
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  const [count, more] = [5_000, 200]; // the bus remembers 4,096
  let readings = 0;
  candles.latest = async (...args) => {
    readings++;
    const rows = await latest(...args);
    for (let n = 0; n < count; n++) services.bus.publish([closed(1, 100 + n)]);
    return rows;
  };
  const first = await open();
  // Some of it is kept for who asks soon after.
  for (let n = 0; n < more; n++) {
    services.bus.publish([closed(1, 100 + count + n)]);
  }
  const second = await open();
  for (const reader of [first, second]) {
    assert.equal((await reader.next())!.event, "snapshot");
    for (let n = 0; n < count + more; n++) {
      const { data, id } = (await reader.next())!;
      assert.equal(data.candle.n, 100 + n);
      const isLast = n === count + more - 1;
      assert.ok(isLast || id !== services.bus.lastId(ALL));
    }
    await reader.leave();
  }
  assert.equal(readings, 1);
});

Deno.test("a snapshot is read anew when the bus began anew, or too much happened, meanwhile", async () => {
  const { services, open } = await setUp();
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  let readings = 0;
  candles.latest = (...args) => {
    if (++readings === 1) services.bus.restart();
    if (readings === 2) {
      for (let n = 0; n < 16_500; n++) services.bus.publish([closed(1, n)]);
    }
    return latest(...args);
  };
  const all = await Promise.all(Array.from({ length: 20 }, () => open()));
  assert.equal(readings, 3);
  services.bus.publish([closed(1, 99)]);
  for (const reader of all) {
    assert.equal((await reader.next())!.event, "snapshot");
    assert.equal((await reader.next())!.data.candle.n, 99);
    await reader.leave();
  }
});

Deno.test("of a crowd one at a time gets its snapshot, also one that was read anew", async () => {
  const { services, open } = await setUp();
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  let readings = 0;
  candles.latest = (...args) => {
    if (++readings === 1) services.bus.restart();
    return latest(...args);
  };
  let here = 0;
  let mostAtOnce = 0;
  const all = Array.from({ length: 50 }, async () => {
    const reader = await open();
    here++;
    return reader;
  });
  while (here < all.length) {
    const before = here;
    await nextTurn();
    mostAtOnce = Math.max(mostAtOnce, here - before);
  }
  assert.ok(mostAtOnce <= 2, `${mostAtOnce} in one turn`);
  for (const reader of await Promise.all(all)) await reader.leave();
});

Deno.test("a long snapshot comes whole, in pieces of their own", async () => {
  const { services, open } = await setUp();
  const { candles } = services;
  candles.latest = (symbols, _, limit) =>
    Promise.resolve(
      new Map(symbols.map((symbol) => [
        symbol,
        Array.from(
          { length: limit },
          (_, i) => candle(symbol, minutesAgo(limit - i), { n: i + 1 }),
        ),
      ])),
    );
  const reader = await open("?history=500");
  const { data } = (await reader.next())!;
  assert.deepEqual(
    data.symbols.map(({ symbol }: { symbol: string }) => symbol),
    ["EUR/USD", "NIFTY50"],
  );
  for (const part of data.symbols) {
    assert.deepEqual(
      part.candles[0].closed.map(({ n }: { n: number }) => n),
      Array.from({ length: 500 }, (_, i) => i + 2),
    );
  }
  await reader.leave();
});

Deno.test("long snapshots have fewer candles of each of many series, and are read one after the other", async () => {
  const { services, open } = await setUp();
  const symbols = Array.from({ length: 60 }, (_, i) => `S${i}`);
  services.catalog.get =
    ((symbol: string) => ({ symbol }) as Instrument) as Catalog["get"];
  let [reading, readingMax] = [0, 0];
  const asked: number[] = [];
  services.candles.latest = async (some, _, limit) => {
    readingMax = Math.max(readingMax, ++reading);
    asked.push(limit);
    await nextTurn();
    reading--;
    return new Map(some.map((symbol) => [symbol, []]));
  };
  const open60 = (more: string) => open(`?symbols=${symbols}${more}`);
  const all = await Promise.all([
    open60("&history=500&interval=1m,5m,15m,1h"),
    open60("&history=400"),
    open60("&history=300"),
  ]);
  assert.equal(readingMax, 1);
  assert.deepEqual([...new Set(asked)], [
    Math.floor(50_000 / 240) + 1,
    401,
    301,
  ]);
  for (const reader of all) await reader.leave();
});

Deno.test("big snapshots that nobody takes make room for others, the oldest first", async () => {
  const limits = { ...STREAM_LIMITS, snapshotBytes: 50_000 };
  const { services, open } = await setUp({ streamLimits: limits });
  const before = evictedStreams();
  const taken = await open("?history=1");
  assert.equal((await taken.next())!.event, "snapshot");
  const next = taken.next();
  // Each has its own, of some thousand bytes.
  const deaf = [await open("?history=2")];
  for (let i = 2; i < 60; i++) deaf.push(await open(`?history=${i}`));
  const cut = evictedStreams() - before;
  assert.ok(cut > 20 && cut < 58, `${cut} cut off`);
  assert.equal(openStreams(), 60 - cut);
  services.bus.publish([closed(1, 99)]);
  assert.equal((await next)!.data.candle.n, 99);
  assert.equal((await deaf.at(-1)!.next())!.event, "snapshot");
  for (const reader of [taken, ...deaf]) await reader.leave();
  assert.equal(openStreams(), 0);
});

Deno.test("Last-Event-ID brings what was missed, without a snapshot", async () => {
  const { services, open } = await setUp();
  const first = await open();
  const { id } = (await first.next())!;
  await first.leave();
  services.bus.publish([closed(3, 11), closed(2, 12)]);
  const again = await open("?symbols=NIFTY50", { "Last-Event-ID": id });
  const missed = [await again.next(), await again.next()];
  assert.deepEqual(missed.map((one) => one!.data.candle.n), [11, 12]);
  await again.leave();
  const unknown = await open("?symbols=NIFTY50", {
    "Last-Event-ID": "before-3",
  });
  assert.equal((await unknown.next())!.event, "snapshot");
  await unknown.leave();
});

Deno.test("a stream keeps to its symbols, intervals and events", async () => {
  const { services, open } = await setUp();
  const reader = await open("?symbols=EUR/USD&interval=1m,5m&events=feed");
  const { data } = (await reader.next())!;
  assert.equal(data.symbols.length, 1);
  assert.deepEqual(
    data.symbols[0].candles.map(({ interval }: { interval: string }) =>
      interval
    ),
    ["1m", "5m"],
  );
  const state = { ...data.symbols[0].feed, status: "down" };
  services.bus.publish([
    closed(1),
    { kind: "feed", symbol: "EUR/USD", state },
  ]);
  const next = (await reader.next())!;
  assert.deepEqual([next.event, next.data.status], ["feed", "down"]);
  await reader.leave();
});

Deno.test("a client that does not read loses forming updates, then is cut off", async () => {
  const { services, open } = await setUp({
    streamLimits: {
      clients: 10,
      clientsOfAddress: 10,
      queuedBytes: 2_000,
      snapshotBytes: STREAM_LIMITS.snapshotBytes,
      heartbeatMs: 60_000,
      ageMs: 3_600_000,
    },
  });
  const reader = await open();
  for (let n = 0; n < 500; n++) services.bus.publish([forming(n)]);
  assert.equal((await reader.next())!.event, "snapshot");
  for (let n = 0; n < 50; n++) services.bus.publish([closed(1, n)]);
  await assert.rejects(async () => {
    while (await reader.next() !== null);
  }, /slower/);
});

Deno.test("streams end when the program stops", async () => {
  const stop = new AbortController();
  const { open } = await setUp({ shutdown: stop.signal });
  const reader = await open();
  assert.equal((await reader.next())!.event, "snapshot");
  stop.abort();
  assert.equal(await reader.next(), null);
});

/** One that stands, by which nobody waits for long. */
const HURRIED: Clock = {
  now: () => NOW,
  steadyMs: () => 0,
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
};

Deno.test("who may lack something gets another snapshot in the same stream", async () => {
  const { services, open } = await setUp({ clock: HURRIED });
  const reader = await open();
  const { id } = (await reader.next())!;
  services.bus.restart();
  const again = (await reader.next())!;
  assert.equal(again.event, "snapshot");
  assert.notEqual(again.id, id);
  // That was stored before this one was read.
  services.bus.restart(undefined, -1);
  services.bus.publish([closed(1, 9)]);
  const next = (await reader.next())!;
  assert.deepEqual([next.event, next.data.candle.n], ["candle.closed", 9]);
  const other = await open(undefined, { "Last-Event-ID": id });
  assert.equal((await other.next())!.event, "snapshot");
  const replay = await open(undefined, { "Last-Event-ID": next.id });
  await Promise.all([reader, other, replay].map((one) => one.leave()));
  assert.equal(openStreams(), 0);
});

Deno.test("who has yet to take its snapshot is not cut off for another one", async () => {
  const { services, open } = await setUp({
    clock: HURRIED,
    // Of two there is room for one.
    streamLimits: { ...STREAM_LIMITS, snapshotBytes: 1 },
  });
  const before = evictedStreams();
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  const reader = await open();
  const asked = Promise.withResolvers<void>();
  candles.latest = (...args) => {
    asked.resolve();
    return latest(...args);
  };
  services.bus.restart();
  await asked.promise;
  for (let i = 0; i < 50; i++) await systemClock.sleep(1); // it is given now
  assert.equal((await reader.next())!.event, "snapshot");
  services.bus.publish([closed(1, 9)]);
  assert.equal((await reader.next())!.data.candle.n, 9);
  assert.equal(evictedStreams(), before);
  await reader.leave();
  assert.equal(openStreams(), 0);
});

Deno.test("whose snapshot was read elsewhere gets another one, whenever something was stored", async () => {
  const { services, open } = await setUp({ clock: HURRIED });
  const first = await open();
  const { id } = (await first.next())!;
  await first.leave();
  const replay = await open(undefined, { "Last-Event-ID": id });
  services.bus.restart(undefined, -1);
  assert.equal((await replay.next())!.event, "snapshot");
  await replay.leave();
});

Deno.test("a stream that waits for another snapshot ends if there is none, or nobody to take it", async () => {
  const stop = new AbortController();
  const { services, open } = await setUp({
    clock: HURRIED,
    shutdown: stop.signal,
  });
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  const failed = await open();
  await failed.next();
  candles.latest = () => Promise.reject(new Error("away"));
  services.bus.restart();
  assert.equal(await failed.next(), null);

  candles.latest = latest;
  const left = await open();
  const stopped = await open("?symbols=NIFTY50&history=5");
  await Promise.all([left.next(), stopped.next()]);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  candles.latest = async (...args) => {
    asked.resolve();
    await answer.promise;
    return latest(...args);
  };
  services.bus.restart();
  await asked.promise;
  await left.leave();
  assert.equal(openStreams(), 1);
  stop.abort();
  answer.resolve();
  assert.equal(await stopped.next(), null);
  assert.equal(openStreams(), 0);
});

Deno.test("streams end when something is missed again and again, and a snapshot follows", async () => {
  const { services, open } = await setUp({ clock: HURRIED });
  const first = await open();
  const { id } = (await first.next())!;
  const { candles } = services;
  const latest = candles.latest.bind(candles);
  candles.latest = (...args) => {
    services.bus.restart();
    return latest(...args);
  };
  const second = await open("?symbols=NIFTY50&history=5");
  assert.equal(await first.next(), null);
  assert.equal(await second.next(), null);
  candles.latest = latest;
  const third = await open(undefined, { "Last-Event-ID": id });
  assert.equal((await third.next())!.event, "snapshot");
  await third.leave();
});

Deno.test("streams beyond the bound are refused, places come back", async () => {
  const { open } = await setUp({
    streamLimits: {
      clients: 2,
      clientsOfAddress: 1,
      queuedBytes: 65_536,
      snapshotBytes: STREAM_LIMITS.snapshotBytes,
      heartbeatMs: 60_000,
      ageMs: 3_600_000,
    },
  });
  const one = await open();
  const two = await open(); // loopback is exempt from the bound of an address
  const three = await open();
  assert.equal(three.response.status, 503);
  assert.equal(three.response.headers.get("retry-after"), "5");
  await three.leave();
  await one.leave();
  const four = await open();
  assert.equal(four.response.status, 200);
  await Promise.all([two.leave(), four.leave()]);
});

Deno.test("a stream that is old ends, and its browser comes back for the rest", async () => {
  const limits = { ...STREAM_LIMITS, heartbeatMs: 10, ageMs: 1 };
  const { services, open } = await setUp({ streamLimits: limits });
  const first = await open();
  const { id } = (await first.next())!;
  assert.equal(await first.next(), null);
  limits.ageMs = STREAM_LIMITS.ageMs;
  services.bus.publish([closed(1, 8)]);
  const second = await open(undefined, { "Last-Event-ID": id });
  assert.equal((await second.next())!.event, "candle.closed");
  await second.leave();
});

Deno.test("a client that takes nothing for four heartbeats is cut off, however little waits", async () => {
  const limits = { ...STREAM_LIMITS, heartbeatMs: 10 };
  const { open } = await setUp({ streamLimits: limits });
  const before = evictedStreams();
  const reader = await open();
  while (evictedStreams() === before) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(openStreams(), 0);
  await reader.leave();
});

Deno.test("a quiet stream beats", async () => {
  const { services, open } = await setUp({
    streamLimits: {
      clients: 10,
      clientsOfAddress: 10,
      queuedBytes: 65_536,
      snapshotBytes: STREAM_LIMITS.snapshotBytes,
      heartbeatMs: 10,
      ageMs: 3_600_000,
    },
  });
  const reader = await open();
  await reader.next();
  const later = reader.next();
  while (reader.comments === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  services.bus.publish([closed(1, 8)]);
  assert.equal((await later)!.event, "candle.closed");
  await reader.leave();
});
