import assert from "node:assert/strict";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { LiveEvent } from "../../pipeline/domain/live_event.ts";
import { InProcessBus } from "../../pipeline/live/live_bus.ts";
import { LiveRelay } from "../../pipeline/live/live_relay.ts";
import { redisLiveLink } from "../../pipeline/live/redis_bus.ts";
import type { Log } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";

const PARTITIONS = 4;
const quiet: Log = { info() {}, warn() {}, error() {} };
const ALL = { symbols: null, intervals: null, kinds: null };
/** A process that hangs fails; one that is slow does not. */
const WAIT_MS_MAX = 60_000;

function closed(t: number): LiveEvent {
  const candle: CandleView = {
    t,
    o: 1,
    h: 1,
    l: 1,
    c: 1,
    v: 0,
    n: 1,
    vw: null,
    closed: true,
    rev: 0,
    complete: true,
    coverage_ms: 60_000,
    closed_by: "watermark",
  };
  return { kind: "candle.closed", symbol: "A", interval: "1m", candle };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A process's bus, joined to the others over a Redis. */
function join(url: string, listens: boolean) {
  const clock = systemClock;
  const bootId = crypto.randomUUID();
  const bus = new InProcessBus({ clock, bootId });
  const link = redisLiveLink({ url, partitions: PARTITIONS, log: quiet });
  const relay = new LiveRelay({
    bus,
    link,
    bootId,
    listens,
    partitions: PARTITIONS,
    clock,
    log: quiet,
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

await serverTest(
  "live events go over Redis, and again after it was killed and after it hung",
  { "redis-server": findRedis },
  async () => {
    const redis = await startRedis();
    const stages = join(redis.url, false);
    const web = join(redis.url, true);
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
        let longest = 0;
        for (let t = 20_000; t < 20_200; t++) {
          const from = performance.now();
          stages.relay.publish([closed(t)]);
          longest = Math.max(longest, performance.now() - from);
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
        assert.ok(longest < 1_000, `publishing took ${longest} ms`);
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

await serverTest(
  "two processes with pages hear each other, and neither itself",
  { "redis-server": findRedis },
  async () => {
    const redis = await startRedis();
    const [a, b] = [join(redis.url, true), join(redis.url, true)];
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
