import assert from "node:assert/strict";
import fc from "fast-check";
import { alwaysOpen } from "../calendars/always_open.ts";
import { sessionCalendar } from "../calendars/session_calendar.ts";
import type { Calendar } from "../domain/calendar.ts";
import type { FeedKey, QuarantinePlace, StreamEntry } from "../domain/entry.ts";
import { streamEntry } from "../domain/entry.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import type { FeedTotals, ReadEntry } from "../ports.ts";
import type { BookOutcome } from "./book_change.ts";
import { BOOK_DEFAULTS, type BookSettings } from "./book_settings.ts";
import { CandleBook } from "./candle_book.ts";
import {
  markEntry,
  moment,
  reject,
  type TestTick,
  ticksEntry,
  withIds,
} from "./testing/entries.ts";
import { type CandleRow, MemoryStore } from "./testing/memory_store.ts";

const NSE: FeedKey = { feed: "nse", epoch: 1 };
const OTHER: FeedKey = { feed: "other", epoch: 1 };
const ALWAYS = alwaysOpen();

let numbers = 0;

function tick(minutes: number, seconds: number, more: Partial<TestTick> = {}) {
  return {
    symbol: "A",
    ts: moment(minutes, seconds),
    price: 100_00,
    size: 1,
    seq: ++numbers,
    ...more,
  };
}

/** Ticks of a feed, received as they happened. */
function ticks(
  list: readonly TestTick[],
  more: Partial<StreamEntry> = {},
): StreamEntry {
  return ticksEntry(more.key ?? NSE, list, {
    receivedAt: epochMicros(Math.max(0, ...list.map(({ ts }) => ts))),
    ...more,
  });
}

const said = (
  kind: StreamEntry["kind"],
  key: FeedKey,
  minutes: number,
  more: Partial<StreamEntry> = {},
) => streamEntry({ kind, key, receivedAt: moment(minutes), ...more });

/** Applies entries in one batch after the other, each as large as may be. */
async function run(
  entries: readonly StreamEntry[],
  options: {
    readonly store?: MemoryStore;
    readonly calendar?: Calendar;
    readonly settings?: Partial<BookSettings>;
    /** Entries that the next batch may have, and whether to crash before it. */
    readonly next?: () => { readonly size: number; readonly crash: boolean };
    readonly ids?: readonly ReadEntry[];
  } = {},
) {
  const { store = new MemoryStore(), calendar = ALWAYS } = options;
  const outcomes: BookOutcome[] = [];
  const revised: string[] = [];
  const begin = async () => {
    while ((await store.rollUp(0, 100)).length > 0);
    const state = await store.claim(0, "me");
    assert.ok(state);
    const settings = { ...BOOK_DEFAULTS, ...options.settings };
    const book = new CandleBook(state, () => calendar, settings);
    return { state, book, forming: new Set(book.formingAtFirst) };
  };
  let { state, book, forming } = await begin();
  let expect = state.position;
  let pending = options.ids ?? withIds(entries);
  while (pending.length > 0) {
    const { size, crash } = options.next?.() ??
      { size: Infinity, crash: false };
    if (crash) {
      ({ state, book, forming } = await begin());
      expect = state.position;
    }
    const part = pending.slice(0, size);
    const change = book.apply(part);
    const result = await store.commit({
      p: 0,
      leaseEpoch: state.leaseEpoch,
      expect,
      incarnation: "i",
      ...change,
    });
    assert.equal(result.kind, "committed");
    outcomes.push(change);
    if (result.kind === "committed") {
      for (const { candle, change } of result.candles) {
        if (change === "revised") revised.push(`${candle.symbol} ${candle.t}`);
      }
    }
    for (const minute of change.forming) forming.add(minute);
    expect = change.next;
    pending = pending.slice(part.length);
  }
  while ((await store.rollUp(0, 100)).length > 0);
  await store.rollUpForming({ p: 0, leaseEpoch: state.leaseEpoch }, [
    ...forming,
  ]);
  return { store, outcomes, revised };
}

/** One-minute candles of a store, oldest first, as `12:00 open closedBy`. */
function minutes(store: MemoryStore): string[] {
  return [...store.rows.values()]
    .filter(({ interval }) => interval === "1m")
    .toSorted((a, b) => a.fold.t - b.fold.t)
    .map(describe);
}

function describe(row: CandleRow): string {
  const minute = (row.fold.t - moment(0)) / MICROS_PER_MINUTE;
  const state = row.closedBy === null
    ? "open"
    : `${row.closedBy} rev ${row.rev} ${
      row.complete ? "complete" : `${row.coverageMs} ms`
    }`;
  return `${row.fold.symbol} ${minute}: n ${row.fold.n}, ${state}`;
}

Deno.test("a candle closes when the watermark passes its end", async () => {
  const { store } = await run([
    ticks([tick(0, 0), tick(0, 59), tick(1, 2.9)]),
  ]);
  assert.deepEqual(minutes(store), ["A 0: n 2, open", "A 1: n 1, open"]);
  await run([], {
    store,
    ids: withIds([ticks([tick(1, 3)])], 2),
  });
  assert.deepEqual(minutes(store), [
    "A 0: n 2, watermark rev 0 complete",
    "A 1: n 2, open",
  ]);
});

Deno.test("a quiet candle closes by marks, not before lateness and silence", async () => {
  const entries = [
    ticks([tick(0, 0), tick(0, 30)]),
    markEntry(moment(1, 4.9)),
  ];
  const { store } = await run(entries);
  assert.deepEqual(minutes(store), ["A 0: n 2, open"]);
  await run([], { store, ids: withIds([markEntry(moment(1, 5))], 3) });
  assert.deepEqual(minutes(store), ["A 0: n 2, idle rev 0 complete"]);
});

Deno.test("a tick that was received just now keeps its candle from closing idle", async () => {
  const { store } = await run([
    ticks([tick(0, 20)]),
    ticks([tick(0, 30)], { receivedAt: moment(1, 4) }),
    markEntry(moment(1, 8.9)),
  ]);
  assert.deepEqual(minutes(store), ["A 0: n 2, open"]);
  await run([], { store, ids: withIds([markEntry(moment(1, 9))], 4) });
  assert.match(minutes(store)[0], /n 2, idle rev 0/);
});

Deno.test("a feed that is heard holds no candle that it has not come to", async () => {
  const entries = [
    ticks([tick(0, 20, { seq: 1 })], {
      rejects: [reject(2, { reason: "out_of_band" })],
    }),
    readmit(1, [0], [tick(5, 0, { seq: 2 })]),
    ticks([tick(0, 30, { seq: 3 })], { receivedAt: moment(6, 4) }),
    markEntry(moment(6, 5)),
  ];
  const { store } = await run(entries);
  assert.deepEqual(minutes(store).map((text) => text.split(" rev")[0]), [
    "A 0: n 2, open",
    "A 5: n 1, idle",
  ]);
});

Deno.test("a candle waits for the slower of two live feeds", async () => {
  const { store } = await run([
    ticks([tick(0, 10)], { key: NSE }),
    ticks([tick(0, 20)], { key: OTHER }),
    ticks([tick(1, 10)], { key: OTHER }),
  ]);
  assert.deepEqual(minutes(store)[0], "A 0: n 2, open");
  await run([], {
    store,
    ids: withIds([ticks([tick(1, 3)], { key: NSE })], 9),
  });
  assert.match(minutes(store)[0], /^A 0: n 2, watermark/);
});

Deno.test("a candle that one of its feeds leaves closes idle, whichever it is", async () => {
  for (const [stays, leaves] of [[NSE, OTHER], [OTHER, NSE]]) {
    const { store } = await run([
      ticks([tick(0, 10)], { key: NSE }),
      ticks([tick(0, 20)], { key: OTHER }),
      ticks([tick(2, 0)], { key: stays }),
      markEntry(moment(2)),
    ]);
    assert.match(minutes(store)[0], /^A 0: n 2, idle/, leaves.feed);
  }
});

Deno.test("a replay neither holds back nor closes what a live feed brings", async () => {
  const file = { key: OTHER, replay: true };
  const { store } = await run([
    ticks([tick(0, 10)]),
    ticks([tick(9, 0)], file),
    said("end", OTHER, 9, { replay: true, delivery: "acked" }),
    ticks([tick(0, 50)]),
  ]);
  assert.deepEqual(minutes(store), [
    "A 0: n 2, open",
    "A 9: n 1, replay rev 0 0 ms",
  ]);
  await run([], { store, ids: withIds([ticks([tick(1, 3)])], 9) });
  assert.match(minutes(store)[0], /^A 0: n 2, watermark/);
});

Deno.test("a replay's last candle closes with its end, or after a minute's silence", async () => {
  const file = { key: OTHER, replay: true };
  const ended = await run([
    ticks([tick(0, 0), tick(0, 59)], file),
    said("end", OTHER, 0, { replay: true, delivery: "acked" }),
  ]);
  assert.deepEqual(minutes(ended.store), ["A 0: n 2, replay rev 0 59000 ms"]);
  const cut = await run([
    ticks([tick(0, 0)], { ...file, receivedAt: moment(500) }),
    markEntry(moment(500, 59.9)),
  ]);
  assert.deepEqual(minutes(cut.store), ["A 0: n 1, open"]);
  await run([], {
    store: cut.store,
    ids: withIds([markEntry(moment(501))], 3),
  });
  assert.match(minutes(cut.store)[0], /n 1, idle rev 0/);
});

Deno.test("a late tick revises its candle; each entry is a revision of its own", async () => {
  const entries = [
    ticks([tick(0, 1), tick(1, 3)]),
    ticks([tick(0, 2, { price: 200_00 }), tick(0, 3)]),
    ticks([tick(1, 5)]),
    ticks([tick(0, 4)]),
  ];
  const together = await run(entries);
  assert.deepEqual(
    together.outcomes.map(({ steps }) =>
      steps.map(({ deltas }) => deltas.map(({ fold }) => fold.n))
    ),
    [[[1, 2], [2], [1]]],
  );
  // Its revisions are of a candle that is closed.
  assert.deepEqual(
    together.outcomes.map(({ steps }) =>
      steps.map(({ closes }) => closes.map(({ t }) => t))
    ),
    [[[moment(0)], [], []]],
  );
  const apart = await run(entries, {
    next: () => ({ size: 1, crash: false }),
  });
  assert.equal(apart.revised.length, 2);
  for (const { store } of [together, apart]) {
    assert.match(minutes(store)[0], /^A 0: n 4, watermark rev 2/);
  }
  // Nobody has known it otherwise than as it was closed.
  assert.deepEqual(together.revised, []);
});

Deno.test("a feed that is behind revises once an entry, though it closes nothing", async () => {
  const { store, outcomes } = await run([
    ticks([tick(0, 1), tick(1, 3)]),
    ticks([tick(0, 2)], { key: OTHER }),
    ticks([tick(0, 4)], { key: OTHER }),
    ticks([tick(0, 6)], { key: OTHER }),
  ]);
  assert.deepEqual(
    outcomes[0].steps.map(({ closes }) => closes.length),
    [1, 0, 0, 0],
  );
  assert.match(minutes(store)[0], /^A 0: n 4, watermark rev 3/);
});

Deno.test("a replay that goes on after its end is not at its end", async () => {
  const file = { key: OTHER, replay: true };
  const { store } = await run([
    ticks([tick(0, 1)], file),
    said("end", OTHER, 0, { replay: true, delivery: "acked" }),
    ticks([tick(5, 1)], file),
  ]);
  assert.equal(minutes(store)[1], "A 5: n 1, open");
});

Deno.test("a log that comes newest first folds exactly", async () => {
  const all = Array.from(
    { length: 600 },
    (_, i) => tick(600 - i, 30, { price: 1 + i }),
  );
  const entries = [0, 1, 2, 3].map((i) =>
    ticks(all.slice(i * 150, (i + 1) * 150), { replay: true })
  );
  const { store } = await run([
    ...entries,
    said("end", NSE, 1, { delivery: "acked", replay: true }),
  ]);
  const rows = [...store.rows.values()].filter((r) => r.interval === "1m");
  assert.equal(rows.length, 600);
  assert.ok(rows.every(({ fold, closedBy }) => fold.n === 1 && closedBy));
  assert.equal(store.quarantine.size, 0);
});

Deno.test("a tick older than the grace is quarantined as a line, and counted", async () => {
  const settings = { graceMs: 60_000 };
  const { store, outcomes } = await run([
    ticks([tick(9, 0), tick(6, 56, { seq: 77, size: 5 }), tick(7, 0)]),
  ], { settings });
  assert.deepEqual(
    outcomes[0].quarantine.map(({ index, reject }) => ({
      index,
      ...reject,
    })),
    [{
      index: 1,
      seq: 77,
      line: 0,
      reason: "too_late",
      detail:
        "ts must be at most 1 minutes older than the feed's newest tick " +
        "of A, got 2025-11-25T00:06:56.000Z",
      symbol: "A",
      ts: moment(6, 56),
      raw: `{"symbol":"A","ts":${
        moment(6, 56) / 1_000
      },"price":100.00,"volume":5,"seq":77}`,
    }],
  );
  assert.deepEqual(store.rejected, new Map([["nse#1|too_late", 1]]));
  const [totals] = store.state(0).feeds;
  assert.deepEqual(
    [totals.received, totals.accepted, totals.rejected],
    [3, 2, 1],
  );
  assert.equal(store.appliedOf(0), 2);
});

/** Takes rejects of the first entry back, as the `n`th readmission. */
function readmit(
  n: number,
  indexes: readonly number[],
  list: readonly TestTick[],
): StreamEntry {
  return ticksEntry(NSE, list, {
    kind: "readmit",
    receivedAt: moment(20),
    received: 0,
    readmission: {
      n,
      rows: indexes.map((index) => ({
        incarnation: "i",
        id: withIds([markEntry(0)])[0].id,
        index,
      })),
    },
  });
}

Deno.test("a readmission revises what is closed, and says nothing of the feed", async () => {
  const entries = [
    ticks([tick(0, 1, { seq: 1 }), tick(9, 0, { seq: 4 })], {
      rejects: [
        reject(2, { reason: "out_of_band" }),
        reject(3, { reason: "closed_session" }),
      ],
    }),
    readmit(1, [1, 0], [
      tick(0, 2, { seq: 3, price: 90_00 }),
      tick(5, 0, { seq: 2 }),
    ]),
  ];
  const before = await run(entries.slice(0, 1));
  const { store, outcomes, revised } = await run(entries, {
    next: () => ({ size: 1, crash: false }),
  });
  assert.deepEqual(minutes(store), [
    "A 0: n 2, watermark rev 1 59000 ms",
    "A 5: n 1, watermark rev 0 complete",
    "A 9: n 1, open",
  ]);
  assert.deepEqual(revised, [`A ${moment(0)}`]);
  assert.equal(store.rows.get(`1m|A|${moment(0)}`)?.fold.close, 90_00);
  assert.deepEqual(outcomes[1].readmission?.through, 1);
  assert.equal(store.quarantine.size, 0);
  assert.deepEqual([...store.rejected.values()], [0, 0]);
  const [was] = before.store.state(0).feeds;
  assert.deepEqual(store.state(0).feeds, [{
    ...was,
    accepted: 4,
    rejected: 0,
  }]);
  assert.deepEqual(store.state(0).progress, before.store.state(0).progress);
});

Deno.test("a readmission is applied once, however often its number comes", async () => {
  const again = readmit(1, [0], [tick(0, 2, { seq: 2 })]);
  const { store } = await run([
    ticks([tick(0, 1, { seq: 1 })], { rejects: [reject(2)] }),
    again,
  ]);
  const once = stateOf(store);
  await run([], { store, ids: withIds([again, markEntry(moment(0))], 3) });
  const { position: _, markedAt: __, ...after } = stateOf(store);
  const { position: ___, markedAt: ____, ...expected } = once;
  assert.deepEqual(after, expected);
  assert.equal(store.appliedOf(0), 2);
});

Deno.test("a row whose volume does not fit stays in quarantine", async () => {
  const size = Number.MAX_SAFE_INTEGER - 9;
  const { store } = await run([
    ticks([tick(0, 1, { seq: 1 })], { rejects: [reject(2), reject(3)] }),
    readmit(1, [0, 1], [tick(1, 2, { size }), tick(1, 3, { size: 10 })]),
  ]);
  assert.deepEqual(
    [...store.quarantine.values()].map(({ index }) => index),
    [1],
  );
  const [totals] = store.state(0).feeds;
  assert.deepEqual([totals.accepted, totals.rejected], [2, 1]);
});

Deno.test("a feed's books balance over rejects, duplicates and readmissions", async () => {
  const { store } = await run([
    ticks([tick(0, 1, { seq: 1 })], {
      rejects: [
        reject(2, { reason: "out_of_band" }),
        reject(3, { reason: "out_of_band" }),
        reject(null, { reason: "not_json" }),
      ],
      duplicates: 4,
    }),
    ticks([
      tick(0, 2, { seq: 2 }),
      tick(0, 3, { seq: 3 }),
      tick(0, 4, {
        seq: 4,
      }),
    ], { readmitted: [2, 3] }),
  ]);
  const [totals] = store.state(0).feeds;
  assert.deepEqual(
    [totals.received, totals.accepted, totals.duplicates, totals.rejected],
    [9, 4, 4, 1],
  );
  assert.equal(totals.lastSeq, 4);
  assert.deepEqual(
    [...store.quarantine.values()].map((row) => row.reject.reason),
    ["not_json"],
  );
  assert.equal(store.rejected.get("nse#1|out_of_band"), 0);
  assert.equal(minutes(store)[0], "A 0: n 4, open");
});

Deno.test("an acked feed's entries that come again in a new stream change nothing", async () => {
  const first = ticks([tick(0, 1, { seq: 1 }), tick(0, 2, { seq: 2 })]);
  const { store } = await run([first]);
  const before = store.state(0);
  await run([], {
    store,
    ids: withIds([
      first,
      ticks([tick(0, 2, { seq: 2 }), tick(0, 5, { seq: 3 })]),
    ], 5),
  });
  assert.equal(minutes(store)[0], "A 0: n 3, open");
  const [totals] = store.state(0).feeds;
  assert.deepEqual(
    [totals.received, totals.accepted, totals.duplicates],
    [4, 3, 1],
  );
  assert.equal(before.feeds[0].accepted, 2);
});

Deno.test("an acked feed's rejects that come again in a new stream are duplicates", async () => {
  const bad = ticks([tick(0, 1, { seq: 1 })], {
    rejects: [reject(2), reject(null)],
  });
  const { store } = await run([bad]);
  await run([], {
    store,
    ids: withIds([
      ticks([], { rejects: [reject(2)], receivedAt: moment(1) }),
      ticks([tick(0, 2, { seq: 4 })], { rejects: [reject(2), reject(3)] }),
    ], 5),
  });
  const [totals] = store.state(0).feeds;
  assert.deepEqual(
    [totals.received, totals.accepted, totals.duplicates, totals.rejected],
    [7, 2, 2, 3],
  );
  assert.equal(store.quarantine.size, 3);
});

Deno.test("a feed without acks may use a number again", async () => {
  const { store } = await run([
    ticks([tick(0, 1, { seq: 5 })], { delivery: "best_effort" }),
    ticks([tick(0, 2, { seq: 1 })], { delivery: "best_effort" }),
  ]);
  assert.equal(minutes(store)[0], "A 0: n 2, open");
});

Deno.test("coverage: the first minute is partial, the last one ends with the feed", async () => {
  const plain = { key: NSE, delivery: "best_effort" as const };
  const minute = (m: number) => ticks([tick(m, 20), tick(m, 50)], plain);
  const { store, outcomes } = await run([
    said("open", NSE, 0, plain),
    minute(0),
    minute(1),
    said("close", NSE, 2, plain),
    said("open", NSE, 4, plain),
    minute(4),
    minute(5),
    minute(6),
    said("start", { feed: "", epoch: 0 }, 7),
    markEntry(moment(8)),
  ]);
  assert.deepEqual(minutes(store), [
    "A 0: n 2, watermark rev 0 40000 ms",
    "A 1: n 2, watermark rev 0 0 ms",
    "A 4: n 2, watermark rev 0 40000 ms",
    "A 5: n 2, watermark rev 0 complete",
    "A 6: n 2, idle rev 0 50000 ms",
  ]);
  assert.deepEqual(outcomes.flatMap(({ gaps }) => gaps), [{
    key: NSE,
    kind: "outage",
    seq: null,
    from: moment(1, 50),
    to: moment(4, 20),
  }]);
});

Deno.test("coverage: a file that is played in parts has no outages", async () => {
  const file = {
    key: OTHER,
    delivery: "best_effort" as const,
    replay: true,
  };
  const { outcomes } = await run([
    ticks([tick(0, 1)], file),
    said("close", OTHER, 1, file),
    ticks([tick(9, 1)], file),
  ]);
  assert.deepEqual(outcomes.flatMap(({ gaps }) => gaps), []);
});

Deno.test("coverage: an acked feed that comes back has missed nothing but its holes", async () => {
  const minute = (m: number, more: Partial<StreamEntry> = {}) =>
    ticks([tick(m, 20), tick(m, 50)], more);
  const acked = { delivery: "acked" as const };
  const { store, outcomes } = await run([
    minute(0),
    minute(1),
    said("close", NSE, 2, acked),
    said("open", NSE, 2, acked),
    minute(2),
    minute(3, { gaps: [{ from: 500, to: 510 }] }),
    minute(4),
    minute(5),
  ]);
  assert.deepEqual(minutes(store).slice(0, 5), [
    "A 0: n 2, watermark rev 0 40000 ms",
    "A 1: n 2, watermark rev 0 complete",
    "A 2: n 2, watermark rev 0 0 ms",
    "A 3: n 2, watermark rev 0 40000 ms",
    "A 4: n 2, watermark rev 0 complete",
  ]);
  assert.deepEqual(outcomes.flatMap(({ gaps }) => gaps), [{
    key: NSE,
    kind: "missing",
    seq: { from: 500, to: 510 },
    from: moment(2, 50),
    to: moment(3, 20),
  }]);
});

const FULL: Partial<StreamEntry> = { delivery: "acked" };
const START = { feed: "", epoch: 0 };

Deno.test("a feed that has moved to another process is not ended by the first", async () => {
  const a = { node: "a", delivery: "best_effort" } as const;
  const b = { node: "b", delivery: "best_effort" } as const;
  const { store } = await run([
    said("open", NSE, 0, a),
    ticks([tick(0, 5)], a),
    said("open", NSE, 0.5, b),
    ticks([tick(0, 40)], b),
    said("close", NSE, 0.8, a),
  ]);
  const feed = () => {
    const [{ connected, node, coveredTo }] = store.state(0).feeds;
    return { connected, node, coveredTo };
  };
  const there = { connected: true, node: "b", coveredTo: null };
  assert.deepEqual(feed(), there);
  const more = (entry: StreamEntry, at: number) =>
    run([], { store, ids: withIds([entry], at) });
  await more(
    streamEntry({ kind: "start", node: "a", receivedAt: moment(1) }),
    9,
  );
  assert.deepEqual(feed(), there);
  await more(
    streamEntry({ kind: "start", node: "b", receivedAt: moment(2) }),
    10,
  );
  assert.deepEqual(feed(), {
    connected: false,
    node: "b",
    coveredTo: moment(0, 40),
  });
});

Deno.test("of two clocks that differ the later one counts", async () => {
  const marks = [moment(5), moment(4, 30), moment(5, 1)];
  const { store, outcomes } = await run(
    [ticks([tick(0, 0)]), ...marks.map(markEntry)],
    { next: () => ({ size: 1, crash: false }) },
  );
  assert.equal(store.state(0).markedAt, moment(5, 1));
  assert.deepEqual(
    outcomes.map(({ markedAt }) => markedAt),
    [null, moment(5), moment(5), moment(5, 1)],
  );
});

Deno.test("an acked feed that comes back within a minute finds its candle open", async () => {
  for (const restarted of [false, true]) {
    const { store, revised } = await run([
      ticks([tick(0, 0), tick(0, 59)]),
      ticks([tick(1, 10), tick(1, 30)]),
      said("close", NSE, 1.5, FULL),
      // An hour later at the next start, or a moment later by the same program.
      ...restarted ? [said("start", START, 60)] : [],
      ...[2, 2.2, 2.4].map((m) => markEntry(moment(m + (restarted ? 58 : 0)))),
      said("open", NSE, restarted ? 60.45 : 2.45, FULL),
      markEntry(moment(restarted ? 60.46 : 2.46)),
      ticks([tick(1, 40)], { receivedAt: moment(restarted ? 60.5 : 2.5) }),
      ticks([tick(1, 50), tick(2, 3)], {
        receivedAt: moment(restarted ? 60.5 : 2.5),
      }),
    ]);
    assert.deepEqual(minutes(store).slice(0, 2), [
      "A 0: n 2, watermark rev 0 complete",
      "A 1: n 4, watermark rev 0 complete",
    ]);
    assert.deepEqual(revised, []);
  }
});

Deno.test("a symbol that is sent again later waits for its feed, not for itself", async () => {
  const b = { symbol: "B" };
  const { store, revised } = await run([
    ticks([tick(0, 0), tick(0, 0, b), tick(0, 30), tick(0, 30, b)]),
    said("start", START, 1),
    markEntry(moment(1)),
    said("open", NSE, 1.05, FULL),
    ticks([tick(0, 40)], { receivedAt: moment(1.1) }),
    markEntry(moment(1.5)),
    ticks([tick(0, 50), tick(0, 50, b)], { receivedAt: moment(1.6) }),
    ticks([tick(1, 3), tick(1, 3, b)], { receivedAt: moment(1.6) }),
  ]);
  assert.deepEqual(minutes(store).slice(0, 2), [
    "A 0: n 4, watermark rev 0 complete",
    "B 0: n 3, watermark rev 0 complete",
  ]);
  assert.deepEqual(revised, []);
});

Deno.test("an acked feed that stays away holds its candle open for a minute only", async () => {
  const away = [
    ticks([tick(0, 0), tick(0, 30)]),
    said("close", NSE, 0.6, FULL),
  ];
  const flaps = [1, 1.3].flatMap((m) => [
    said("open", NSE, m, FULL),
    said("close", NSE, m + 0.1, FULL),
  ]);
  const { store } = await run([...away, ...flaps, markEntry(moment(1.59))]);
  assert.deepEqual(minutes(store), ["A 0: n 2, open"]);
  await run([], { store, ids: withIds([markEntry(moment(1.6))], 40) });
  assert.deepEqual(minutes(store), ["A 0: n 2, idle rev 0 30000 ms"]);
  const ended = await run([
    ticks([tick(0, 0), tick(0, 30)]),
    said("end", NSE, 0.6, FULL),
    said("close", NSE, 0.6, FULL),
    markEntry(moment(1, 5)),
  ]);
  assert.deepEqual(minutes(ended.store), ["A 0: n 2, idle rev 0 30000 ms"]);
});

Deno.test("ticks sent again after an outage make their candle complete", async () => {
  const { store } = await run([
    ticks([tick(0, 0), tick(0, 59)]),
    ticks([tick(1, 30)]),
    said("close", NSE, 1.6, FULL),
    markEntry(moment(5)),
    said("open", NSE, 6, FULL),
    ticks([tick(1, 50)], { receivedAt: moment(6) }),
    ticks([tick(2, 50)], { receivedAt: moment(6) }),
    ticks([tick(3, 3)], { receivedAt: moment(6) }),
  ]);
  assert.deepEqual(minutes(store).slice(0, 3), [
    "A 0: n 2, watermark rev 0 complete",
    "A 1: n 2, idle rev 2 complete",
    "A 2: n 1, watermark rev 0 complete",
  ]);
  const plain = { delivery: "best_effort" as const };
  const lost = await run([
    ticks([tick(0, 0), tick(1, 30)], plain),
    said("close", NSE, 1.6, plain),
    markEntry(moment(5)),
    said("open", NSE, 6, plain),
    ticks([tick(1, 50), tick(2, 3)], { ...plain, receivedAt: moment(6) }),
  ]);
  assert.equal(minutes(lost.store)[1], "A 1: n 2, idle rev 1 30000 ms");
});

Deno.test("quiet minutes of a feed that is there count for longer candles", async () => {
  const { store } = await run([
    ticks([tick(0, 0), tick(6, 1), tick(9, 1)]),
    ticks([tick(16, 0)]),
  ]);
  const five = [...store.rows.values()].filter((r) => r.interval === "5m")
    .map(({ coverageMs, closedBy }) => [coverageMs, closedBy]);
  assert.deepEqual(five.slice(0, 2), [
    [300_000, "watermark"],
    [300_000, "watermark"],
  ]);
});

Deno.test("a feed long gone is forgotten, but for the newest of an instrument", async () => {
  const key = (epoch: number) => ({ feed: "nse", epoch });
  const { store, outcomes } = await run([
    ticks([tick(0, 1)], { key: key(1) }),
    said("close", key(1), 1, FULL),
    ticks([tick(5, 1), tick(5, 1, { symbol: "B" })], { key: key(2) }),
    said("close", key(2), 6, FULL),
    ticks([tick(7, 1)], { key: key(3) }),
    said("close", key(3), 8, FULL),
    markEntry(moment(10)),
    markEntry(moment(25 * 60)),
  ]);
  assert.deepEqual(
    outcomes.flatMap(({ forgotten }) => forgotten)
      .map(({ key, symbol }) => `${symbol} ${key.epoch}`),
    ["A 1", "A 2"],
  );
  assert.deepEqual(
    store.state(0).progress.map(({ key, symbol }) => `${symbol} ${key.epoch}`)
      .sort(),
    ["A 3", "B 2"],
  );
});

Deno.test("rollups are marked with every touch, and closed when their bucket is over", async () => {
  const { store } = await run([
    ticks([tick(0, 1), tick(4, 59)]),
    ticks([tick(5, 3)]),
    markEntry(moment(60, 5)),
  ]);
  const rows = [...store.rows.values()].filter((r) => r.interval !== "1m")
    .map(({ interval, fold, closedBy }) =>
      `${interval} ${(fold.t - moment(0)) / MICROS_PER_MINUTE} n ${fold.n} ${
        closedBy ?? "open"
      }`
    );
  assert.deepEqual(rows.sort(), [
    "15m 0 n 3 idle",
    "1d 0 n 3 open",
    "1h 0 n 3 idle",
    "5m 0 n 2 watermark",
    "5m 5 n 1 idle",
  ]);
});

Deno.test("the last candles of a session close by its end, the day's too", async () => {
  const calendar = sessionCalendar({
    id: "X",
    zone: "UTC",
    coverage: [{ from: "2025-11-01", to: "2025-11-30" }],
    weekly: [{
      from: "2020-01-01",
      days: ["Mon", "Tue", "Wed", "Thu", "Fri"],
      sessions: [{ open: "00:05", close: "00:50" }],
    }],
    holidays: [],
    special: [],
  });
  const early = reject(null, { reason: "closed_session", ts: moment(4, 30) });
  const { store } = await run([
    ticks([tick(5, 1)], { rejects: [early] }),
    ticks([tick(49, 58)]),
    markEntry(moment(50, 5)),
  ], { calendar });
  assert.deepEqual(minutes(store), [
    "A 5: n 1, watermark rev 0 complete",
    "A 49: n 1, session_end rev 0 complete",
  ]);
  const days = [...store.rows.values()].filter((r) => r.interval === "1d");
  assert.deepEqual(days.map((row) => row.closedBy), ["session_end"]);
});

Deno.test("apply() leaves to the warehouse what no longer adds up exactly", () => {
  const size = 2 ** 52;
  const sizes = (second: number) =>
    new CandleBook(
      { markedAt: null, progress: [], feeds: [], open: [] },
      () => ALWAYS,
    ).apply(withIds([
      ticks([tick(0, 1, { size })]),
      ticks([tick(0, 2, { size: second })]),
    ])).steps.map(({ deltas }) => deltas.map(({ fold }) => fold.volume));
  assert.deepEqual(sizes(size - 1), [[2 ** 53 - 1]]);
  assert.deepEqual(sizes(size), [[size], [size]]);
});

Deno.test("a book tells how many candles are closed, and whether others follow", () => {
  const book = new CandleBook(
    { markedAt: null, progress: [], feeds: [], open: [] },
    () => ALWAYS,
  );
  const after = (entry: StreamEntry) => {
    for (const read of withIds([entry])) book.add(read);
    return [book.closes, book.awaitsCloses];
  };
  const of = (symbol: string, minutes: number, seconds: number) =>
    ticks([tick(minutes, seconds, { symbol })]);
  assert.deepEqual(after(of("A", 0, 1)), [0, false]);
  assert.deepEqual(after(of("B", 0, 59)), [0, false]);
  assert.deepEqual(after(of("A", 1, 3)), [1, true], "B has yet to come");
  assert.deepEqual(after(of("B", 1, 2)), [1, true]);
  assert.deepEqual(after(of("B", 1, 3)), [2, false]);
  book.take();
  assert.equal(book.closes, 0);
});

// ------------------------------------------------------- any split, any crash

const feeds: readonly (Pick<StreamEntry, "key" | "delivery" | "replay">)[] = [
  { key: NSE, delivery: "acked", replay: false },
  { key: OTHER, delivery: "best_effort", replay: false },
  { key: { feed: "file", epoch: 3 }, delivery: "acked", replay: true },
];
/** Seconds that each feed's ticks are behind; far enough to revise. */
const LAGS = [0, 130, 45];

interface Step {
  readonly kind: StreamEntry["kind"];
  readonly feed: number;
  readonly advance: number;
  readonly ticks: readonly {
    readonly symbol: string;
    readonly back: number;
    readonly price: number;
    readonly size: number;
  }[];
  readonly rejects: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("ticks" as const) },
    { weight: 4, arbitrary: fc.constant("mark" as const) },
    { weight: 2, arbitrary: fc.constant("readmit" as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "open" as const,
        "close" as const,
        "end" as const,
        "start" as const,
      ),
    },
  ),
  feed: fc.nat({ max: feeds.length - 1 }),
  advance: fc.integer({ min: 0, max: 40 }),
  ticks: fc.array(
    fc.record({
      symbol: fc.constantFrom("A", "B"),
      back: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: 10 }),
        fc.integer({ min: 0, max: 900 }),
      ),
      price: fc.integer({ min: 1, max: 9 }),
      size: fc.nat({ max: 3 }),
    }),
    { maxLength: 8 },
  ),
  rejects: fc.nat({ max: 2 }),
});

/** A stream in which time goes on and ticks are out of order by seconds. */
function streamOf(steps: readonly Step[]): readonly StreamEntry[] {
  let now = 20 * 60;
  const seqs = feeds.map(() => 0);
  const rejected = feeds.map((): QuarantinePlace[] => []);
  let readmissions = 0;
  return steps.map(({ kind, feed, advance, ticks, rejects }, i) => {
    now += advance;
    const receivedAt = moment(0, now);
    const from = feeds[feed];
    if (kind === "mark" || kind === "start") {
      return streamEntry({ kind, receivedAt });
    }
    if (kind === "readmit") {
      const rows = rejected[feed].splice(0, ticks.length);
      const list = rows.map((_, k) => ({
        ...ticks[k],
        ts: moment(0, now - ticks[k].back - LAGS[feed]),
        seq: 0,
      }));
      const readmission = { n: ++readmissions, rows };
      const more = { kind, receivedAt, received: 0, readmission };
      return ticksEntry(from.key, list, more);
    }
    if (kind !== "ticks") return streamEntry({ kind, receivedAt, ...from });
    const rows = ticks.map(({ back, ...tick }) => ({
      ...tick,
      ts: moment(0, now - back - LAGS[feed]),
      seq: ++seqs[feed],
    }));
    const { id } = withIds([markEntry(0)], i + 1)[0];
    for (let index = 0; index < rejects; index++) {
      rejected[feed].push({ incarnation: "i", id, index });
    }
    return ticksEntry(from.key, rows, {
      ...from,
      receivedAt,
      rejects: Array.from({ length: rejects }, () => reject(++seqs[feed])),
    });
  });
}

function stateOf(store: MemoryStore) {
  const { leaseEpoch: _, ...state } = store.state(0);
  const byText = (a: unknown, b: unknown) =>
    JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
  return {
    minutes: [...store.rows.values()].filter((r) => r.interval === "1m")
      .toSorted((a, b) =>
        a.fold.t - b.fold.t || (a.fold.symbol < b.fold.symbol ? -1 : 1)
      ),
    // How often a longer candle is made anew depends on when.
    longer: [...store.rows.values()].filter((r) => r.interval !== "1m")
      .map(({ rev: _, fold: { notional, ...fold }, ...row }) => ({
        ...row,
        ...fold,
        notional: String(notional),
      })).toSorted(byText),
    quarantine: [...store.quarantine.keys()].sort(),
    gaps: store.gaps,
    applied: store.appliedOf(0),
    ...state,
    progress: state.progress.toSorted(byText),
    feeds: state.feeds.toSorted(byText),
    open: state.open.toSorted(byText),
  };
}

Deno.test("any split of a stream, with crashes between, gives the same warehouse", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(
        fc.record({
          size: fc.integer({ min: 1, max: 12 }),
          crash: fc.boolean(),
        }),
      ),
      async (steps, splits) => {
        const settings = { graceMs: 10 * 60_000 };
        const entries = streamOf(steps);
        const whole = await run(entries, { settings });
        const split = await run(entries, {
          settings,
          next: () => splits.next().value,
        });
        assert.deepEqual(stateOf(split.store), stateOf(whole.store));
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("candles are the group-by of what was accepted, and the books balance", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      async (steps) => {
        const entries = streamOf(steps);
        const { store } = await run(entries);
        const counts = new Map<string, number>();
        for (const { symbols, ticks } of entries) {
          for (let i = 0; i < ticks.length; i++) {
            const { symbol } = symbols[ticks.symbol[i]];
            const t = Math.floor(ticks.ts[i] / MICROS_PER_MINUTE);
            const key = `${symbol} ${t * MICROS_PER_MINUTE}`;
            counts.set(key, (counts.get(key) ?? 0) + 1);
          }
        }
        const rows = [...store.rows.values()];
        const of = (interval: string) =>
          rows.filter((row) => row.interval === interval);
        assert.deepEqual(
          new Map(
            of("1m").map(({ fold }) => [
              `${fold.symbol} ${fold.t}`,
              fold.n,
            ]),
          ),
          counts,
        );
        const sum = (list: readonly CandleRow[]) =>
          list.reduce((total, { fold }) => total + fold.n, 0);
        for (const interval of ["1m", "5m", "15m", "1h", "1d"]) {
          assert.equal(sum(of(interval)), store.appliedOf(0), interval);
        }
        for (const totals of store.state(0).feeds) assertBalanced(totals);
      },
    ),
    { numRuns: 200 },
  );
});

function assertBalanced(totals: FeedTotals): void {
  assert.equal(
    totals.received,
    totals.accepted + totals.duplicates + totals.rejected,
  );
}

Deno.test("every candle closes once time goes on", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 30 }),
      async (steps) => {
        const entries = streamOf(steps);
        const last = entries[entries.length - 1].receivedAt;
        const later = [1, 70, 4_000, 90_000].map((seconds) =>
          markEntry(last + seconds * 1_000_000)
        );
        const { store } = await run([...entries, ...later]);
        assert.deepEqual(store.state(0).open, []);
      },
    ),
    { numRuns: 100 },
  );
});
