import assert from "node:assert/strict";
import type { FeedStatus } from "../pipeline/domain/live_event.ts";
import type { SignalAction } from "../pipeline/domain/signal.ts";
import type { WatchRow } from "./watch_row.ts";
import {
  arrangeRows,
  DEFAULT_VIEW,
  isMoving,
  SORT_KEYS,
  sortedBy,
  viewFromQuery,
  viewHref,
  type WatchView,
} from "./watch_view.ts";

const NOW = 1_764_043_220_000;
const MINUTE = NOW - NOW % 60_000;

function row(symbol: string, changes: {
  readonly name?: string;
  readonly exchange?: string;
  readonly price?: number;
  readonly pct?: number;
  readonly bps?: number;
  readonly action?: SignalAction;
  readonly skill?: number;
  readonly status?: FeedStatus;
  readonly session?: "open" | "closed";
} = {}): WatchRow {
  const { price, pct, bps, action, skill } = changes;
  return {
    symbol,
    name: changes.name ?? symbol,
    exchange: changes.exchange ?? "NSE",
    decimals: 2,
    last: price === undefined
      ? null
      : { t: MINUTE, c: price, n: 1, rev: 0, closed: false },
    change: pct === undefined ? null : {
      abs: pct,
      pct,
      reference: 100,
      basis: "24h",
      since: NOW,
    },
    spark: [],
    forecast: bps === undefined && action === undefined ? null : {
      t: MINUTE,
      c: 100 * Math.exp((bps ?? 0) / 10_000),
      last: 100,
      lo80: 99,
      hi80: 101,
    },
    signal: action === undefined
      ? null
      : { t: MINUTE, action, lean: "up", reason: "" },
    skill: skill === undefined
      ? null
      : { model: "m", source: "live", n: 240, skill, verdict: "skill" },
    feed: {
      symbol,
      status: changes.status ?? "live",
      feed: "f",
      delivery: "acked",
      last_tick: NOW,
      lag_ms: 0,
      session: changes.session ?? "open",
    },
  };
}

const symbolsOf = (
  rows: readonly WatchRow[],
  view: Partial<WatchView>,
  pinned: readonly string[] = [],
) =>
  arrangeRows(rows, { ...DEFAULT_VIEW, ...view }, {
    pinned: new Set(pinned),
    now: NOW,
    link: "connected",
  }).map(({ symbol }) => symbol).join(" ");

Deno.test("a view survives its URL, and the usual one needs no words", () => {
  const views: readonly Partial<WatchView>[] = [
    {},
    { q: "nifty bank" },
    { sort: "change", desc: true },
    { sort: "change", desc: false },
    { desc: true },
    { market: "M&M: x", feed: "closed", signal: "BUY", sort: "feed" },
  ];
  for (const changes of views) {
    const view = { ...DEFAULT_VIEW, ...changes };
    const url = new URL(viewHref(view), "http://localhost");
    assert.deepEqual(viewFromQuery(url.searchParams), view);
  }
  assert.equal(viewHref(DEFAULT_VIEW), "/");
  assert.equal(
    viewHref({ ...DEFAULT_VIEW, sort: "last", desc: true }),
    "/?sort=last",
  );
});

Deno.test("what a URL says wrongly is as if it said nothing", () => {
  const query = new URLSearchParams(
    "sort=x&dir=up&feed=LIVE&signal=buy&market=",
  );
  assert.deepEqual(viewFromQuery(query), DEFAULT_VIEW);
  const long = new URLSearchParams({ q: "x".repeat(500) });
  assert.equal(viewFromQuery(long).q.length, 80);
});

Deno.test("each column sorts both ways, what is not known last", () => {
  const rows = [
    row("A", {
      price: 1,
      pct: 2,
      bps: 3,
      action: "HOLD",
      skill: 0.1,
      status: "stale",
    }),
    row("B"),
    row("C", {
      price: 3,
      pct: -1,
      bps: 5,
      action: "BUY",
      skill: -0.2,
      status: "quiet",
    }),
  ];
  const expected: Record<string, readonly [string, string]> = {
    symbol: ["A B C", "C B A"],
    last: ["A C B", "C A B"],
    change: ["C A B", "A C B"],
    forecast: ["A C B", "C A B"],
    signal: ["C A B", "A C B"],
    skill: ["C A B", "A C B"],
    feed: ["B C A", "A C B"],
  };
  for (const sort of SORT_KEYS) {
    const [up, down] = expected[sort];
    assert.equal(symbolsOf(rows, { sort, desc: false }), up, sort);
    assert.equal(symbolsOf(rows, { sort, desc: true }), down, `${sort}, down`);
  }
});

Deno.test("a click on a head sorts by it, the next one turns it round", () => {
  const first = sortedBy(DEFAULT_VIEW, "change");
  assert.deepEqual([first.sort, first.desc], ["change", true]);
  assert.equal(sortedBy(first, "change").desc, false);
  assert.equal(sortedBy(first, "symbol").desc, false);
});

Deno.test("pinned rows are on top, in the order of the view", () => {
  const rows = [row("A"), row("B"), row("C")];
  assert.equal(symbolsOf(rows, {}, ["C", "B"]), "B C A");
  assert.equal(symbolsOf(rows, { desc: true }, ["A"]), "A C B");
});

Deno.test("search wants every word, and a symbol that begins so comes first", () => {
  const rows = [
    row("ABC", { name: "Nifty of small ones" }),
    row("NIFTY50", { name: "Index of 50" }),
    row("USDINR", { exchange: "NSE CD" }),
  ];
  assert.equal(symbolsOf(rows, { q: "nif" }), "NIFTY50 ABC");
  assert.equal(symbolsOf(rows, { q: " nifty  SMALL" }), "ABC");
  assert.equal(symbolsOf(rows, { q: "cd" }), "USDINR");
  assert.equal(symbolsOf(rows, { q: "none" }), "");
});

Deno.test("filters join", () => {
  const rows = [
    row("A", { exchange: "NSE", action: "BUY" }),
    row("B", { exchange: "BSE", action: "BUY" }),
    row("C", { exchange: "NSE", action: "HOLD", status: "stale" }),
    row("D", { exchange: "NSE", session: "closed", status: "quiet" }),
  ];
  assert.equal(symbolsOf(rows, { market: "NSE" }), "A C D");
  assert.equal(symbolsOf(rows, { market: "NSE", signal: "BUY" }), "A");
  assert.equal(symbolsOf(rows, { feed: "stale" }), "C");
  assert.equal(symbolsOf(rows, { feed: "closed" }), "D");
});

Deno.test("only what changes by itself lets rows move", () => {
  assert.ok(!isMoving({ ...DEFAULT_VIEW, q: "x", market: "NSE" }));
  assert.ok(isMoving({ ...DEFAULT_VIEW, sort: "change" }));
  assert.ok(isMoving({ ...DEFAULT_VIEW, feed: "live" }));
});
