import assert from "node:assert/strict";
import { onePlace, openRedis } from "../../pipeline/buffer/open_redis.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import { slotOf } from "../../pipeline/buffer/redis_slot.ts";
import { InProcessBus } from "../../pipeline/live/live_bus.ts";
import { LiveRelay } from "../../pipeline/live/live_relay.ts";
import { closedMinute } from "../../pipeline/live/testing/candle_events.ts";
import { redisLiveLink } from "../../pipeline/live/redis_bus.ts";
import type { RedisPlaces } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { startRedisCluster } from "../harness/servers/redis_cluster.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const PARTITIONS = 4;
const ALL = { symbols: null, intervals: null, kinds: null };
/** A failover is soon there, and one that nobody asked for is not likely. */
const FAILOVER_MS = 4_000;
/** A process that hangs fails; one that is slow does not. */
const WAIT_MS_MAX = 60_000;

const closed = (t: number, symbol = "A") => closedMinute(symbol, t, 1);

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A process's bus, joined to the others over a Redis. */
function join(places: RedisPlaces, listens: boolean) {
  const clock = systemClock;
  const bootId = crypto.randomUUID();
  const link = redisLiveLink({
    places,
    partitions: PARTITIONS,
    log: silentLog,
  });
  const { orders } = link;
  const bus = new InProcessBus({
    clock,
    bootId,
    channels: PARTITIONS,
    orders,
  });
  const relay = new LiveRelay({
    bus,
    link,
    bootId,
    listens,
    partitions: PARTITIONS,
    clock,
    log: silentLog,
  });
  const abort = new AbortController();
  const running = relay.run(abort.signal);
  const heard = new Set<number>();
  const counts = { restarts: 0 };
  const follow = () => {
    bus.subscribe(ALL, (events) => {
      for (const { event } of events) {
        if ("candle" in event) heard.add(event.candle.t);
      }
    }, () => {
      counts.restarts++;
      follow();
    });
  };
  follow();
  return {
    relay,
    bus,
    heard,
    counts,
    async leave() {
      abort.abort();
      await running;
      await link.close();
    },
  };
}

/** Publishes until the other process hears: before it listens all is lost. */
async function reaches(
  from: ReturnType<typeof join>,
  to: ReturnType<typeof join>,
  first: number,
): Promise<void> {
  let t = first;
  await until(`events from ${first} on are heard`, () => {
    from.relay.publish([closed(t++)]);
    return [...to.heard].some((heard) => heard >= first);
  });
}

serverTest(
  "live events go over Redis, and again after it was killed and after it hung",
  { "redis-server": findRedis },
  async () => {
    const redis = await startRedis();
    const places = onePlace(redis.url);
    const stages = join(places, false);
    const web = join(places, true);
    try {
      await reaches(stages, web, 0);
      await until("the first restart", () => web.counts.restarts > 0);

      let before = web.counts.restarts;
      await redis.kill();
      stages.relay.publish([closed(9_000)]);
      await redis.start();
      await until(
        "a restart after the kill",
        () => web.counts.restarts > before,
      );
      await reaches(stages, web, 10_000);
      assert.ok(!web.heard.has(9_000), "an event was kept for later");

      before = web.counts.restarts;
      redis.signal("SIGSTOP");
      try {
        // A machine that stands still for a moment does so in one of them.
        let slow = 0;
        for (let t = 20_000; t < 20_200; t++) {
          const from = performance.now();
          stages.relay.publish([closed(t)]);
          if (performance.now() - from > 100) slow++;
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
        assert.ok(slow < 100, `publishing was slow ${slow} times of 200`);
      } finally {
        redis.signal("SIGCONT");
      }
      await until(
        "a restart after the pause",
        () => web.counts.restarts > before,
      );
      await reaches(stages, web, 30_000);
    } finally {
      await stages.leave();
      await web.leave();
      await redis.close();
    }
  },
);

serverTest(
  "two processes with pages hear each other, and neither itself",
  { "redis-server": findRedis },
  async () => {
    const redis = await startRedis();
    const places = onePlace(redis.url);
    const [a, b] = [join(places, true), join(places, true)];
    try {
      await reaches(a, b, 0);
      await reaches(b, a, 10_000);
      const all = [...a.heard];
      assert.equal(new Set(all).size, all.length);
    } finally {
      await a.leave();
      await b.leave();
      await redis.close();
    }
  },
);

serverTest(
  "live events go over each server of a cluster, also when one is replaced",
  { "redis-server": findRedis },
  async () => {
    const cluster = await startRedisCluster({
      nodeTimeoutMs: FAILOVER_MS,
    });
    const first = await openPlaces(cluster.url);
    const second = await openPlaces(cluster.url);
    const third = await openPlaces(cluster.url);
    const stages = join(first.places, false);
    const nodes = [join(second.places, true), join(third.places, true)];
    const symbols = symbolOfEach(PARTITIONS);
    let t = 0;
    /** Publishes until every node has heard of every partition. */
    const allReach = (what: string) => {
      const from = t;
      return until(what, () => {
        for (const symbol of symbols) {
          stages.relay.publish([closed(t, symbol)]);
          t += 1;
        }
        return nodes.every(({ heard }) => {
          const seen = new Set([...heard].filter((one) => one >= from));
          return symbols.every((_, i) =>
            [...seen].some((one) => one % symbols.length === i)
          );
        });
      });
    };
    try {
      await allReach("events of all partitions are heard");
      for (const node of nodes) {
        await until("it listens", () => node.counts.restarts > 0);
      }
      // What one has heard the other has as well.
      await until("ids are of use at the other process", () => {
        for (const symbol of symbols) {
          stages.relay.publish([closed(t++, symbol)]);
        }
        return nodes[1].bus.since(nodes[0].bus.lastId(ALL), ALL) !== null;
      });
      const slot = slotOf("tickhouse:live:{0}:0");
      const primary = await cluster.primaryOf(slot);
      const at = cluster.servers.indexOf(primary);
      await cluster.move(slot, cluster.servers[(at + 1) % 3]);
      await allReach("events are heard after a slot has moved");
      await (await cluster.primaryOf(slot)).kill();
      await allReach("events are heard after a replica took over");
    } finally {
      for (const node of [stages, ...nodes]) await node.leave();
      for (const one of [first, second, third]) await one.close();
      await cluster.close();
    }
  },
);

/** Where the servers are, as a process with a buffer of its own knows it. */
async function openPlaces(url: string) {
  const { commands, places } = await openRedis({
    url,
    clock: systemClock,
    log: silentLog,
  });
  return { places, close: () => commands.close() };
}

/** Symbols, one of each partition. */
function symbolOfEach(partitions: number): readonly string[] {
  const symbols: string[] = Array(partitions);
  for (let i = 0; symbols.includes(undefined!); i++) {
    symbols[partitionOf(`S${i}`, partitions)] ??= `S${i}`;
  }
  return symbols;
}
