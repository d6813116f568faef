import assert from "node:assert/strict";
import type { LiveEvent } from "../domain/live_event.ts";
import { InProcessBus, type LiveFilter } from "./live_bus.ts";
import { LiveRelay } from "./live_relay.ts";
import { OutgoingEvents } from "./outgoing_events.ts";
import { silentLog } from "../silent_log.ts";
import { minuteView } from "./testing/candle_events.ts";
import { FakeServer } from "./testing/fake_server.ts";
import { HandClock } from "./testing/hand_clock.ts";

const ALL: LiveFilter = { symbols: null, intervals: null, kinds: null };
const PARTITIONS = 2;

function event(
  kind: "candle" | "candle.closed",
  t: number,
  n: number,
  symbol = "A",
): LiveEvent {
  const candle = minuteView(t, n, kind === "candle.closed");
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

async function setUp({ orders = 1 } = {}) {
  const clock = new HandClock();
  const server = new FakeServer(orders, clock);
  const partitions = Math.max(PARTITIONS, 2 * orders);
  const abort = new AbortController();
  const running: Promise<void>[] = [];
  const processOf = (bootId: string, listens = true) => {
    const bus = new InProcessBus({
      clock,
      bootId,
      channels: partitions,
      orders,
    });
    const heard: LiveEvent[] = [];
    const counts = { restarts: 0 };
    const follow = () =>
      bus.subscribe(
        ALL,
        (events) => heard.push(...events.map(({ event }) => event)),
        () => counts.restarts++,
      );
    const relay = new LiveRelay({
      bus,
      link: server.link(),
      bootId,
      listens,
      partitions,
      clock,
      log: silentLog,
    });
    follow();
    running.push(relay.run(abort.signal));
    const seen = () =>
      heard.map((one) =>
        "candle" in one ? `${one.kind}:${one.candle.n}` : one.kind
      );
    /** What a reader who comes with an id is told; null for a snapshot. */
    const since = (id: string) =>
      bus.since(id, ALL)?.map(({ event }) =>
        "candle" in event ? `${event.kind}:${event.candle.n}` : event.kind
      ) ?? null;
    return { relay, bus, counts, seen, since };
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

Deno.test("readers begin anew when a process was killed that may not have told all", async () => {
  const { clock, stages, web, processOf, stop } = await setUp();
  stages.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(5_000);
  web.counts.restarts = 0;
  stages.relay.lost();
  await clock.move(3_000);
  assert.equal(web.counts.restarts, 1, "the next beat tells");
  // One that has told of nothing yet tells likewise, and once for all of it.
  const next = processOf("next", false);
  next.relay.lost();
  await clock.move(5_000);
  assert.equal(web.counts.restarts, 2);
  for (let i = 1; i < 40; i++) {
    next.relay.publish([event("candle.closed", i, i, `S${i}`)]);
    await clock.move(200);
  }
  assert.equal(web.counts.restarts, 2, "what it tells of later is no hole");
  web.relay.lost();
  await clock.move(1_000);
  assert.equal(web.counts.restarts, 3);
  await stop();
});

Deno.test("partitions lost one after the other make readers begin anew together", async () => {
  const { clock, web, stop } = await setUp({ orders: 8 });
  await clock.move(5_000);
  web.counts.restarts = 0;
  const id = web.bus.lastId(ALL);
  for (let p = 0; p < 16; p++) {
    web.relay.lost([p]);
    assert.equal(web.since(id), null, "nobody goes on meanwhile");
    await clock.move(5);
  }
  await clock.move(5_000);
  assert.equal(web.counts.restarts, 1);
  // However long it takes: not more often than each two seconds.
  for (let i = 0; i < 200; i++) {
    web.relay.lost([i % 2 * 8]);
    await clock.move(20);
  }
  await clock.move(5_000);
  assert.equal(web.counts.restarts, 4);
  assert.deepEqual(web.since(web.bus.lastId(ALL)), []);
  await stop();
});

Deno.test("who never told of a partition soon beats no more for what was lost of it", async () => {
  const { clock, server, web, processOf, stop } = await setUp();
  const next = processOf("next", false);
  await clock.move(5_000);
  const beats = async () => {
    const before = server.sent.length;
    await clock.move(2_000);
    return server.sent.slice(before).filter((text) =>
      text.includes(`"from":"next"`)
    ).length;
  };
  next.relay.lost();
  assert.equal(await beats(), 2 * PARTITIONS);
  await clock.move(60_000);
  assert.equal(await beats(), 0);
  web.counts.restarts = 0;
  next.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(2_000);
  assert.equal(web.counts.restarts, 0, "what it tells of later is no hole");
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
      `{"v":1,"from":"x","n":1,"after":0,"events":[]}`,
      `{"v":2,"from":"x","n":1,"events":[]}`,
      `{"v":2,"from":"x","n":1,"after":0,"events":[null]}`,
      `{"v":2,"from":"x","n":9,"after":8,"afterMs":-1,"events":[]}`,
      `{"v":2,"from":"x","n":9,"after":8,"lost":{"n":8},"events":[]}`,
      `{"v":2,"from":"x","n":1,"after":0,"events":[{"kind":"candle","symbol":"A"}]}`,
      `{"v":2,"from":"x","n":1,"after":0,"events":[{"kind":"feed","symbol":"A"}]}`,
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

Deno.test("a reader of one process goes on at another, without a hole", async () => {
  const { clock, stages, web, processOf, stop } = await setUp();
  const other = processOf("other");
  await clock.move(5_000);
  stages.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(100);
  const id = web.bus.lastId(ALL);
  assert.deepEqual(other.since(id), []);
  stages.relay.publish([
    event("candle.closed", 60_000, 2),
    event("candle.closed", 60_000, 3, "B"), // of the other partition
    event("candle", 120_000, 4),
  ]);
  await clock.move(600);
  const missed = ["candle.closed:2", "candle.closed:3", "candle:4"];
  assert.deepEqual(other.since(id), missed);
  assert.deepEqual(web.since(id), missed);
  await stop();
});

Deno.test("what one process held back of a candle, another tells again", async () => {
  const { clock, stages, web, processOf, stop } = await setUp();
  const other = processOf("other");
  await clock.move(5_000);
  stages.relay.publish([event("candle", 0, 1)]);
  await clock.move(300);
  stages.relay.publish([event("candle", 0, 2)]);
  await clock.move(300);
  assert.deepEqual(other.since(web.bus.lastId(ALL)), ["candle:2"]);
  await stop();
});

Deno.test("a process that heard nothing of what the reader knows gives a snapshot", async () => {
  const { clock, stages, web, processOf, stop } = await setUp();
  stages.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(100);
  const id = web.bus.lastId(ALL);
  const late = processOf("late");
  stages.relay.publish([event("candle.closed", 1, 2)]);
  await clock.move(5_000);
  assert.equal(late.since(id), null);
  stages.relay.publish([event("candle.closed", 2, 3)]);
  await clock.move(100);
  assert.equal(late.since(id), null);
  const newer = web.bus.lastId(ALL);
  stages.relay.publish([event("candle.closed", 3, 4)]);
  await clock.move(100);
  assert.deepEqual(late.since(newer), ["candle.closed:4"]);
  await stop();
});

Deno.test("what a process publishes itself is told to whoever comes before it is sent", async () => {
  const { clock, server, stages, web, processOf, stop } = await setUp();
  const own = processOf("own"); // makes candles and has pages
  await clock.move(5_000);
  own.relay.publish([event("candle.closed", 0, 1)]);
  // Heard here after that was published, sent to all before it.
  stages.relay.publish([event("candle.closed", 60_000, 2, "B")]);
  server.hold(1); // "own" is the second that listens
  await clock.move(100);
  server.release(1);
  for (let i = 0; i < 50; i++) {
    own.relay.publish([event("candle.closed", i, 100 + i)]);
    stages.relay.publish([event("candle.closed", i, 200 + i, "B")]);
    await clock.move(5);
    const id = web.bus.lastId(ALL);
    const lacks = own.seen().filter((one) => !web.seen().includes(one));
    const told = own.since(id);
    if (told === null) continue;
    for (const one of lacks) {
      assert.ok(told.includes(one), `${one} of ${lacks}`);
    }
  }
  await clock.move(1_000);
  assert.notEqual(own.since(web.bus.lastId(ALL)), null);
  await stop();
});

Deno.test("while messages may be missing, ids are of no use elsewhere", async () => {
  const { clock, server, stages, web, processOf, stop } = await setUp();
  const other = processOf("other");
  await clock.move(5_000);
  stages.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(100);
  const before = web.bus.lastId(ALL);
  server.interrupt();
  assert.equal(other.since(web.bus.lastId(ALL)), null);
  assert.equal(other.since(before), null, "it may lack what came since");
  server.restart();
  stages.relay.publish([event("candle.closed", 1, 2)]);
  await clock.move(5_000);
  assert.equal(other.since(before), null);
  stages.relay.publish([event("candle.closed", 2, 3)]);
  await clock.move(100);
  assert.deepEqual(other.since(web.bus.lastId(ALL)), []);
  await stop();
});

async function checkWanderers(
  orders: number,
  snapshotsMax: number,
): Promise<void> {
  const { clock, server, stages, web, processOf, stop } = await setUp({
    orders,
  });
  const nodes = [web, processOf("second"), processOf("third")];
  await clock.move(5_000);
  let seed = 7;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor(seed / 2 ** 32 * n);
  };
  const told = new Set<string>();
  const published: string[] = [];
  let at = nodes[0];
  let from = at.seen().length;
  let snapshots = 0;
  for (let n = 1; n <= 400; n++) {
    const source = random(3) === 0 ? nodes[random(3)] : stages;
    source.relay.publish([event("candle.closed", n, n, `S${random(5)}`)]);
    published.push(`candle.closed:${n}`);
    if (random(10) === 0) server.hold(random(3), random(orders));
    await clock.move(5 * random(10));
    if (random(4) === 0) { for (const i of [0, 1, 2]) server.release(i); }
    if (random(5) > 0) continue;
    for (const one of at.seen().slice(from)) told.add(one);
    const id = at.bus.lastId(ALL);
    at = nodes[random(3)];
    const missed = at.since(id);
    // A snapshot has all that was committed.
    if (missed === null) snapshots++;
    for (const one of missed ?? published) told.add(one);
    from = at.seen().length;
  }
  for (const i of [0, 1, 2]) server.release(i);
  await clock.move(2_000);
  for (const one of at.seen().slice(from)) told.add(one);
  assert.deepEqual(published.filter((one) => !told.has(one)), []);
  assert.ok(snapshots < snapshotsMax, `${snapshots} snapshots`);
  await stop();
}

Deno.test("readers who go from process to process end with what was published", () =>
  checkWanderers(1, 20));

Deno.test("the same where the servers of a cluster have an order each", async () => {
  await checkWanderers(2, 30);
  await checkWanderers(4, 30);
});

Deno.test("an id of several orders is good though one of them is silent", async () => {
  const { clock, stages, web, processOf, stop } = await setUp({ orders: 4 });
  const other = processOf("other");
  await clock.move(5_000);
  stages.relay.publish([event("candle.closed", 0, 1)]);
  await clock.move(100);
  const id = web.bus.lastId(ALL);
  assert.equal(id.split("~").filter(Boolean).length, 2, id);
  stages.relay.publish(
    ["B", "C", "D", "E"].map((symbol, i) =>
      event("candle.closed", 0, 2 + i, symbol)
    ),
  );
  await clock.move(100);
  assert.deepEqual(
    other.since(id)?.toSorted(),
    [2, 3, 4, 5].map((n) => `candle.closed:${n}`),
  );
  assert.deepEqual(other.since(web.bus.lastId(ALL)), []);
  await stop();
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
