import assert from "node:assert/strict";
import type { CandleView } from "../domain/candle.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import { type EpochMicros, fromMillis } from "../domain/time.ts";
import type { Clock, Log } from "../ports.ts";
import { InProcessBus, type LiveFilter } from "./live_bus.ts";
import { type LiveLink, LiveRelay } from "./live_relay.ts";
import { OutgoingEvents } from "./outgoing_events.ts";

const ALL: LiveFilter = { symbols: null, intervals: null, kinds: null };
const quiet: Log = { info() {}, warn() {}, error() {} };

/** A clock that stands until it is moved, in steps, letting work be done. */
class HandClock implements Clock {
  ms = 1_000_000;
  #sleepers = new Set<{ until: number; wake: () => void }>();

  now(): EpochMicros {
    return fromMillis(this.ms);
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { until: this.ms + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        resolve();
      });
    });
  }
  async move(ms: number): Promise<void> {
    const end = this.ms + ms;
    while (this.ms < end) {
      this.ms = Math.min(end, this.ms + 5);
      for (const sleeper of [...this.#sleepers]) {
        if (sleeper.until > this.ms) continue;
        this.#sleepers.delete(sleeper);
        sleeper.wake();
      }
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }
}

/** One server between all links: what is sent reaches who listens. */
class FakeServer {
  up = true;
  readonly sent: string[] = [];
  readonly #links: { message(text: string): void; listening(): void }[] = [];

  link(): LiveLink {
    return {
      send: (text) => {
        if (!this.up) return Promise.reject(new Error("not connected"));
        this.sent.push(text);
        for (const { message } of this.#links) message(text);
        return Promise.resolve();
      },
      listen: (message, listening) => {
        this.#links.push({ message, listening });
        listening();
      },
      close: () => Promise.resolve(),
    };
  }
  restart(): void {
    this.up = true;
    for (const { listening } of this.#links) listening();
  }
  inject(text: string): void {
    for (const { message } of this.#links) message(text);
  }
}

function event(
  kind: "candle" | "candle.closed",
  t: number,
  n: number,
  symbol = "A",
): LiveEvent {
  const closed = kind === "candle.closed";
  const candle: CandleView = {
    t,
    o: 1,
    h: 1,
    l: 1,
    c: 1,
    v: 0,
    n,
    vw: null,
    closed,
    rev: 0,
    complete: closed,
    coverage_ms: 60_000,
    closed_by: closed ? "watermark" : null,
  };
  return { kind, symbol, interval: "1m", candle };
}

const feed: LiveEvent = {
  kind: "feed",
  symbol: "A",
  state: {
    symbol: "A",
    status: "live",
    feed: "nse",
    delivery: "acked",
    last_tick: 1,
    lag_ms: 0,
    session: "open",
  },
};

async function setUp() {
  const clock = new HandClock();
  const server = new FakeServer();
  const abort = new AbortController();
  const running: Promise<void>[] = [];
  const processOf = (bootId: string, listens = true) => {
    const bus = new InProcessBus({ clock, bootId });
    const heard: LiveEvent[] = [];
    const counts = { restarts: 0 };
    const follow = () => {
      bus.subscribe(
        ALL,
        (events) => heard.push(...events.map(({ event }) => event)),
        () => {
          counts.restarts++;
          follow();
        },
      );
    };
    follow();
    const relay = new LiveRelay({
      bus,
      link: server.link(),
      bootId,
      listens,
      clock,
      log: quiet,
    });
    running.push(relay.run(abort.signal));
    const seen = () =>
      heard.map((one) =>
        "candle" in one ? `${one.kind}:${one.candle.n}` : one.kind
      );
    return { relay, bus, counts, seen };
  };
  const stages = processOf("stages", false);
  const web = processOf("web");
  await clock.move(5_000); // the start's own restart is over
  web.counts.restarts = 0;
  const stop = async () => {
    abort.abort();
    await Promise.all(running);
  };
  return { clock, server, stages, web, processOf, stop };
}

Deno.test("events of one process reach the readers of another, once", async () => {
  const { clock, stages, web, stop } = await setUp();
  stages.relay.publish([event("candle", 0, 1), event("candle.closed", 0, 2)]);
  web.relay.publish([event("candle.closed", 60_000, 3)]);
  await clock.move(1_000);
  assert.deepEqual(stages.seen(), ["candle:1", "candle.closed:2"]);
  assert.deepEqual(web.seen(), ["candle.closed:3", "candle.closed:2"]);
  assert.equal(web.counts.restarts, 0);
  await stop();
});

Deno.test("events of some 25 ms go in one message, forming candles four a second", async () => {
  const { clock, server, stages, web, stop } = await setUp();
  const before = server.sent.length;
  for (let n = 1; n <= 400; n++) {
    stages.relay.publish([event("candle", 0, n)]);
    await clock.move(5);
  }
  const messages = server.sent.length - before;
  assert.ok(messages >= 8 && messages <= 12, `${messages} messages`);
  await clock.move(1_000);
  assert.equal(web.seen().at(-1), "candle:400");
  const between = server.sent.length;
  for (let n = 0; n < 50; n++) {
    stages.relay.publish([event("candle.closed", n, 1)]);
  }
  await clock.move(100);
  assert.equal(server.sent.length, between + 1);
  await stop();
});

Deno.test("feed states stay in their process", async () => {
  const { clock, web, stages, stop } = await setUp();
  stages.relay.publish([feed]);
  await clock.move(1_000);
  assert.deepEqual([stages.seen(), web.seen()], [["feed"], []]);
  await stop();
});

Deno.test("an event that could not be sent makes readers begin anew", async () => {
  const { clock, server, stages, web, stop } = await setUp();
  stages.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(100);
  server.up = false;
  stages.relay.publish([event("candle.closed", 1, 2)]);
  await clock.move(100);
  server.up = true;
  assert.equal(web.counts.restarts, 0);
  await clock.move(1_500); // the next beat tells, without another event
  assert.equal(web.counts.restarts, 1);
  stages.relay.publish([event("candle.closed", 2, 3)]);
  await clock.move(5_000);
  assert.equal(web.counts.restarts, 1);
  assert.deepEqual(web.seen(), ["candle.closed:1", "candle.closed:3"]);
  await stop();
});

Deno.test("a beat that could not be sent makes nobody begin anew", async () => {
  const { clock, server, web, stop } = await setUp();
  server.up = false;
  await clock.move(5_000);
  server.up = true;
  await clock.move(5_000);
  assert.equal(web.counts.restarts, 0);
  await stop();
});

Deno.test("listening again after an interruption begins anew, at most every 2 s", async () => {
  const { clock, server, web, stop } = await setUp();
  for (let i = 0; i < 10; i++) server.restart();
  assert.equal(web.counts.restarts, 1);
  await clock.move(10_000);
  assert.equal(web.counts.restarts, 2);
  await stop();
});

Deno.test("a process that lost events before it was ever heard is seen to", async () => {
  const { clock, server, web, processOf, stop } = await setUp();
  server.up = false;
  const late = processOf("late", false);
  late.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(200);
  server.up = true;
  await clock.move(2_000);
  assert.equal(web.counts.restarts, 1);
  await stop();
});

Deno.test("what is no message of ours does no harm", async () => {
  const { clock, server, web, stages, stop } = await setUp();
  for (
    const text of [
      "",
      "null",
      "[]",
      "{",
      `{"v":2,"from":"x","n":1,"events":[]}`,
      `{"v":1,"from":"x","n":1,"events":[null]}`,
      `{"v":1,"from":"x","n":1,"events":[{"kind":"candle","symbol":"A"}]}`,
      `{"v":1,"from":"x","n":1,"events":[{"kind":"feed","symbol":"A"}]}`,
    ]
  ) server.inject(text);
  stages.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(100);
  assert.deepEqual(web.seen(), ["candle.closed:1"]);
  assert.equal(web.counts.restarts, 0);
  await stop();
});

Deno.test("events of a partition's old owner do not take a page back", async () => {
  const { clock, web, stages, processOf, stop } = await setUp();
  const old = processOf("old", false);
  stages.relay.publish([event("candle.closed", 0, 9)]);
  await clock.move(300);
  old.relay.publish([event("candle", 0, 7)]);
  await clock.move(1_000);
  assert.deepEqual(web.seen(), ["candle.closed:9"]);
  await stop();
});

Deno.test("what is left is sent at the end", async () => {
  const { web, stages, stop } = await setUp();
  stages.relay.publish([
    event("candle", 0, 1, "B"),
    event("candle.closed", 9, 2),
  ]);
  await stop();
  assert.deepEqual(web.seen(), ["candle.closed:2", "candle:1"]);
});

Deno.test("OutgoingEvents keeps its bound: forming candles go first", () => {
  const queue = new OutgoingEvents(4);
  for (let i = 0; i < 10; i++) {
    assert.ok(queue.add(event("candle", 0, i, `S${i}`)));
  }
  assert.equal(queue.size, 4);
  for (let i = 0; i < 4; i++) {
    assert.ok(queue.add(event("candle.closed", i, i)));
  }
  assert.equal(queue.size, 4);
  assert.equal(queue.add(event("candle.closed", 5, 5)), false);
  assert.equal(queue.take({ forming: true }).length, 1);
});
