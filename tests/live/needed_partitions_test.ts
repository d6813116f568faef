/** A web process on a real Redis is sent what its viewers need, and no more. */
import assert from "node:assert/strict";
import { mergeCandle } from "../../components/merge_live.ts";
import { onePlace } from "../../pipeline/buffer/open_redis.ts";
import { type CandleView, candleView } from "../../pipeline/domain/candle.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import type { LiveEvent } from "../../pipeline/domain/live_event.ts";
import { InProcessBus } from "../../pipeline/live/live_bus.ts";
import { LiveRelay } from "../../pipeline/live/live_relay.ts";
import { redisLiveLink } from "../../pipeline/live/redis_bus.ts";
import type { RedisPlaces } from "../../pipeline/ports.ts";
import { pubSubClient } from "../../pipeline/redis_client.ts";
import { silentLog } from "../../pipeline/silent_log.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { createApp } from "../../web/create_app.ts";
import { EventReader } from "../harness/event_reader.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";
import {
  candle,
  fakeData,
  fakeServices,
  instrument,
  MINUTE,
} from "../web/fake_services.ts";

const PARTITIONS = 8;
const KEPT_MS = 500;
const WAIT_MS_MAX = 60_000;
/** A tick may be in a snapshot in place of an event: then another is told. */
const TICK_AGAIN_MS = 500;
/** A symbol of each partition. */
const SYMBOLS = Array.from({ length: PARTITIONS }, (_, p) => {
  for (let i = 0;; i++) {
    if (partitionOf(`S${i}`, PARTITIONS) === p) return `S${i}`;
  }
});

async function until(what: string, holds: () => Promise<boolean> | boolean) {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`Never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A process that shares live events over a Redis. */
function join(places: RedisPlaces, listens: boolean) {
  const bootId = crypto.randomUUID();
  const link = redisLiveLink({
    places,
    partitions: PARTITIONS,
    log: silentLog,
  });
  /** What the server sent it, by partition. */
  const sent = Array<number>(PARTITIONS).fill(0);
  const bus = new InProcessBus({
    clock: systemClock,
    bootId,
    channels: PARTITIONS,
    orders: link.orders,
  });
  const relay = new LiveRelay({
    bus,
    link: {
      ...link,
      listen: (listener) =>
        link.listen({
          ...listener,
          message: (text, p) => {
            sent[p]++;
            listener.message(text, p);
          },
        }),
    },
    bootId,
    listens,
    partitions: PARTITIONS,
    clock: systemClock,
    log: silentLog,
    keptMs: KEPT_MS,
  });
  const abort = new AbortController();
  const running = relay.run(abort.signal);
  return {
    bus,
    relay,
    sent,
    async leave() {
      abort.abort();
      await running;
      await link.close();
    },
  };
}

/** How many processes the server sends each partition's messages to. */
function watch(url: string) {
  const client = pubSubClient(url, "how many listen", silentLog);
  const channels = SYMBOLS.map((_, p) => `tickhouse:live:{${p}}`);
  return {
    async listeners(): Promise<readonly number[]> {
      const reply = await client.sendCommand<(string | number)[]>(
        ["PUBSUB", "SHARDNUMSUB", ...channels],
      );
      return reply.filter((_, i) => i % 2 === 1).map(Number);
    },
    close: () => client.destroy(),
  };
}

/** A web process over a store that candles are put in and then told of. */
async function setUp() {
  const redis = await startRedis();
  const places = onePlace(redis.url);
  const stages = join(places, false);
  const web = join(places, true);
  const server = watch(redis.url);
  const data = fakeData();
  data.instruments = SYMBOLS.map((symbol, i) => instrument(symbol, i + 1));
  data.candles = [];
  data.forecasts = [];
  data.signals = [];
  const services = await fakeServices(
    { bus: web.bus, clock: systemClock },
    data,
  );
  const handler = createApp(() => services).handler();
  const ask = async (path: string) =>
    await handler(new Request(`http://localhost${path}`));
  let n = 0;
  /** Another tick of a symbol's candle, stored and told of. */
  const tick = (p: number) => {
    const symbol = SYMBOLS[p];
    const row = candle(symbol, MINUTE, { n: ++n, rev: n, closed: true });
    data.candles = [
      ...data.candles.filter((one) => one.symbol !== symbol),
      row,
    ];
    const event: LiveEvent = {
      kind: "candle.revised",
      symbol,
      interval: "1m",
      candle: candleView(row),
    };
    stages.relay.publish([event]);
  };
  const open = async (symbols: string, headers: HeadersInit = {}) =>
    new EventReader(
      await handler(
        new Request(`http://localhost/api/stream${symbols}`, { headers }),
      ),
    );
  /**
   * Has partitions tick until a stream was told of all of its own; returns its
   * newest id. Where the machine stood still it gets snapshots as well.
   */
  const hears = async (
    reader: EventReader,
    own: readonly number[],
    ticking: readonly number[] = [...SYMBOLS.keys()],
  ): Promise<string> => {
    let id = "";
    let over = false;
    const reading = (async () => {
      for (const missing = new Set(own); missing.size > 0;) {
        const message = await reader.next();
        assert.ok(message, "the stream goes on");
        if (message.event === "snapshot") continue;
        const p = SYMBOLS.indexOf(message.data.symbol);
        assert.ok(own.includes(p), `told of partition ${p}`);
        missing.delete(p);
        id = message.id;
      }
    })().finally(() => over = true);
    reading.catch(() => {}); // it is waited for below
    let tickedAt = -Infinity;
    await until(`a stream is told of partitions ${own}`, () => {
      if (!over && Date.now() - tickedAt > TICK_AGAIN_MS) {
        for (const p of ticking) tick(p);
        tickedAt = Date.now();
      }
      return over;
    });
    await reading;
    return id;
  };
  /** Waits until the server sends what goes to these, and nothing else. */
  const listensTo = (...some: readonly number[]) =>
    until(`partitions ${some} are listened to`, async () => {
      // Refused while it is not connected.
      const counts = await server.listeners().catch(() => []);
      return counts.length === PARTITIONS &&
        counts.every((count, p) => count === (some.includes(p) ? 1 : 0));
    });
  // All are connected once something came through.
  const first = await open(`?symbols=${SYMBOLS[2]}`);
  await listensTo(2);
  await hears(first, [2], [2]);
  await first.leave();
  await listensTo();
  return {
    tick,
    sent: web.sent,
    open,
    hears,
    listensTo,
    async stored(symbol: string): Promise<readonly CandleView[]> {
      const answer = await ask(`/api/candles?symbol=${symbol}&interval=1m`);
      return (await answer.json()).candles;
    },
    async close() {
      await Promise.all([stages.leave(), web.leave()]);
      server.close();
      await redis.close();
    },
  };
}

serverTest(
  "a web process is sent the partitions that its streams need, and gives them back",
  { "redis-server": findRedis },
  async () => {
    const { tick, sent, open, hears, listensTo, close } = await setUp();
    try {
      const one = await open(`?symbols=${SYMBOLS[2]}`);
      await listensTo(2);
      assert.equal((await one.next())!.event, "snapshot");
      await hears(one, [2]);
      const other = await open(`?symbols=${SYMBOLS[2]},${SYMBOLS[5]}`);
      await listensTo(2, 5);
      assert.equal((await other.next())!.event, "snapshot");
      await hears(other, [2, 5]);
      await one.leave();
      assert.deepEqual(
        [...sent.keys()].filter((p) => sent[p] > 0),
        [2, 5],
        "messages came of nothing else",
      );

      // On a machine that stood still a snapshot is due.
      await until("who comes back goes on without a snapshot", async () => {
        const left = await open(`?symbols=${SYMBOLS[2]}`);
        const id = await hears(left, [2]);
        await left.leave();
        const again = await open(`?symbols=${SYMBOLS[2]}`, {
          "Last-Event-ID": id,
        });
        tick(2);
        const message = await again.next();
        await again.leave();
        return message?.event === "candle.revised";
      });
      await other.leave();
      await listensTo(); // what nobody reads is given back
      const all = await open("?history=0");
      await listensTo(...SYMBOLS.keys());
      await all.leave();
    } finally {
      await close();
    }
  },
);

serverTest(
  "streams that begin while ticks flow end with what /api/candles has",
  { "redis-server": findRedis },
  async () => {
    const { tick, open, stored, close } = await setUp();
    let flows = true;
    const flowing = (async () => {
      while (flows) {
        for (const p of SYMBOLS.keys()) tick(p);
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    })();
    const readers: EventReader[] = [];
    const viewers: { symbol: string; shown: readonly CandleView[] }[] = [];
    const watching: Promise<void>[] = [];
    const look = async (symbol: string) => {
      const reader = await open(`?symbols=${symbol}`);
      const viewer = { symbol, shown: [] as readonly CandleView[] };
      readers.push(reader);
      viewers.push(viewer);
      watching.push((async () => {
        for (;;) {
          const message = await reader.next();
          if (message === null) return;
          const { data } = message;
          const candles: CandleView[] = message.event === "snapshot"
            ? data.symbols[0].candles[0].closed
            : [data.candle];
          for (const one of candles) {
            viewer.shown = mergeCandle(viewer.shown, one, 10);
          }
        }
      })());
    };
    try {
      // Each is the first to need its partition.
      for (const symbol of SYMBOLS) {
        await look(symbol);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      flows = false;
      await flowing;
      assert.equal(viewers.length, PARTITIONS);
      for (const viewer of viewers) {
        const expected = await stored(viewer.symbol);
        assert.equal(expected.length, 1);
        await until(
          `${viewer.symbol} as it is stored`,
          () => JSON.stringify(viewer.shown) === JSON.stringify(expected),
        );
      }
    } finally {
      flows = false;
      await flowing;
      for (const reader of readers) await reader.leave();
      await Promise.all(watching);
      await close();
    }
  },
);
