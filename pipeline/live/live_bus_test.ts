import assert from "node:assert/strict";
import fc from "fast-check";
import { mergeCandle } from "../../components/merge_live.ts";
import type { CandleView } from "../domain/candle.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import { isNewer } from "../domain/newer_candle.ts";
import {
  InProcessBus,
  type LiveFilter,
  type NumberedEvent,
} from "./live_bus.ts";
import { closedMinute, minuteView } from "./testing/candle_events.ts";
import { HandClock } from "./testing/hand_clock.ts";

const ALL: LiveFilter = { symbols: null, intervals: null, kinds: null };

function forming(symbol: string, t: number, n: number): LiveEvent {
  const candle = minuteView(t, n, false);
  return { kind: "candle", symbol, interval: "1m", candle };
}

function setUp(keep?: number) {
  const clock = new HandClock();
  const bus = new InProcessBus({ clock, bootId: "boot", keep });
  const seen: NumberedEvent[] = [];
  bus.subscribe(ALL, (events) => seen.push(...events));
  const counts = () =>
    seen.map(({ event }) =>
      "candle" in event ? `${event.kind}:${event.candle.n}` : event.kind
    );
  return { clock, bus, seen, counts };
}

Deno.test("a forming candle is sent at once, then at most four times a second", async () => {
  const { clock, bus, counts } = setUp();
  for (let n = 1; n <= 100; n++) {
    bus.publish([forming("A", 0, n)]);
    await clock.move(10);
  }
  await clock.move(250);
  assert.equal(counts()[0], "candle:1");
  assert.equal(counts().at(-1), "candle:100");
  assert.ok(counts().length <= 6, counts().join(" "));
});

Deno.test("a forming candle does not wait for a clock that was put back", async () => {
  const { clock, bus, counts } = setUp();
  bus.publish([forming("A", 0, 1)]);
  clock.aheadMs = -3_600_000;
  bus.publish([forming("A", 0, 2)]);
  await clock.move(250);
  bus.publish([forming("A", 0, 3)]);
  await clock.move(250);
  assert.deepEqual(counts(), ["candle:1", "candle:2", "candle:3"]);
});

Deno.test("closed candles always pass, and end what waits of them", async () => {
  const { clock, bus, counts } = setUp();
  bus.publish([forming("A", 0, 1)]);
  bus.publish([forming("A", 0, 2)]);
  bus.publish([closedMinute("A", 0, 3)]);
  await clock.move(1_000);
  assert.deepEqual(counts(), ["candle:1", "candle.closed:3"]);
});

Deno.test("a closed candle leaves the update of the next one waiting", async () => {
  const { clock, bus, counts } = setUp();
  bus.publish([forming("A", 0, 1)]);
  bus.publish([forming("A", 60_000, 9), closedMinute("A", 0, 3)]);
  await clock.move(250);
  assert.deepEqual(counts(), ["candle:1", "candle.closed:3", "candle:9"]);
});

Deno.test("one symbol does not hold back another", () => {
  const { bus, counts } = setUp();
  bus.publish([forming("A", 0, 1), forming("B", 0, 2), forming("A", 0, 3)]);
  assert.deepEqual(counts(), ["candle:1", "candle:2"]);
});

Deno.test("since() gives what was missed, forming candles once", async () => {
  const { clock, bus } = setUp();
  bus.publish([closedMinute("A", 0, 1)]);
  const id = bus.lastId(ALL);
  bus.publish([forming("A", 60_000, 2)]);
  await clock.move(300);
  bus.publish([forming("A", 60_000, 3), closedMinute("B", 0, 4)]);
  const missed = bus.since(id, ALL)!.map(({ event }) =>
    "candle" in event ? event.candle.n : null
  );
  assert.deepEqual(missed, [3, 4]);
  assert.deepEqual(bus.since(bus.lastId(ALL), ALL), []);
});

Deno.test("since() keeps to the filter", () => {
  const { bus } = setUp();
  const id = bus.lastId(ALL);
  bus.publish([closedMinute("A", 0, 1), closedMinute("B", 0, 2)]);
  const onlyB = { ...ALL, symbols: new Set(["B"]) };
  assert.equal(bus.since(id, onlyB)!.length, 1);
});

Deno.test("since() does not know ids of another start, of the future, or forgotten", () => {
  const { bus } = setUp(2);
  assert.equal(bus.since("other-0", ALL), null);
  assert.equal(bus.since("boot-7", ALL), null);
  assert.equal(bus.since("nonsense", ALL), null);
  const id = bus.lastId(ALL);
  for (let t = 0; t < 3; t++) bus.publish([closedMinute("A", t, t)]);
  assert.equal(bus.since(id, ALL), null);
  assert.equal(bus.since("boot-1", ALL)!.length, 2);
});

Deno.test("the ring keeps its bound however much passes", () => {
  const { bus } = setUp(3);
  for (let t = 0; t < 50; t++) bus.publish([closedMinute("A", t, t)]);
  assert.deepEqual(
    bus.since("boot-47", ALL)!.map(({ n }) => n),
    [48, 49, 50],
  );
});

Deno.test("a subscriber that left hears nothing", () => {
  const { bus } = setUp();
  let calls = 0;
  const leave = bus.subscribe(ALL, () => calls++);
  leave();
  bus.publish([closedMinute("A", 0, 1)]);
  assert.equal(calls, 0);
});

Deno.test("an update that is older than what is known does not pass", async () => {
  const { bus, clock, counts } = setUp();
  bus.publish([forming("A", 0, 5)]);
  bus.publish([forming("A", 0, 9)]);
  bus.publish([forming("A", 0, 7)]);
  await clock.move(250);
  assert.deepEqual(counts(), ["candle:5", "candle:9"]);
  bus.publish([closedMinute("A", 0, 9)]);
  await clock.move(250);
  bus.publish([forming("A", 0, 12)]);
  assert.deepEqual(counts().slice(2), ["candle.closed:9"]);
});

Deno.test("restart() says that something was missed, and forgets all ids", async () => {
  const { bus, clock } = setUp();
  bus.publish([closedMinute("A", 0, 1)]);
  const before = bus.lastId(ALL);
  let calls = 0;
  const missed: number[] = [];
  bus.subscribe(ALL, () => calls++, (until) => missed.push(until));
  const first = clock.steadyMs();
  await clock.move(250);
  bus.restart();
  bus.publish([closedMinute("A", 1, 1)]);
  assert.deepEqual([calls, missed], [1, [clock.steadyMs()]]);
  assert.equal(bus.since(before, ALL), null);
  assert.notEqual(bus.lastId(ALL), before);
  bus.restart(undefined, first);
  assert.deepEqual(missed.slice(1), [first]);
});

Deno.test("restart() sends what is held back of a candle to those who stay", async () => {
  const { bus, clock, counts } = setUp();
  bus.publish([forming("A", 0, 1)]);
  bus.publish([forming("A", 0, 2)]);
  bus.restart();
  await clock.move(1_000);
  assert.deepEqual(counts(), ["candle:1", "candle:2"]);
});

Deno.test("a page ends with the newest of each candle, in whatever order events come", async () => {
  const version = fc.record({
    t: fc.integer({ min: 0, max: 3 }),
    n: fc.integer({ min: 1, max: 9 }),
    rev: fc.integer({ min: 0, max: 2 }),
    closed: fc.boolean(),
  });
  const isClosed = ({ closed, rev }: { closed: boolean; rev: number }) =>
    closed || rev > 0; // what was revised had been closed
  await fc.assert(
    fc.asyncProperty(fc.array(version, { maxLength: 40 }), async (versions) => {
      const { bus, clock, seen } = setUp();
      const newest = new Map<number, CandleView>();
      for (const { t, n, ...state } of versions) {
        const shut = isClosed(state);
        const view = { ...minuteView(t, n, shut), rev: state.rev };
        const known = newest.get(t);
        if (shut && (!known || isNewer(view, known))) newest.set(t, view);
        const kind = !shut
          ? "candle"
          : state.rev > 0
          ? "candle.revised"
          : "candle.closed";
        bus.publish([{ kind, symbol: "A", interval: "1m", candle: view }]);
        await clock.move(40);
      }
      await clock.move(1_000);
      let page: readonly CandleView[] = [];
      for (const { event } of seen) {
        if ("candle" in event) page = mergeCandle(page, event.candle, 100);
      }
      assert.deepEqual(
        page.filter(({ closed }) => closed).map(({ t, n, rev }) => [t, n, rev]),
        [...newest.values()].sort((a, b) => a.t - b.t).map((
          { t, n, rev },
        ) => [t, n, rev]),
      );
    }),
  );
});
