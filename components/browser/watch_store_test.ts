import assert from "node:assert/strict";
import type { WatchRow } from "../watch_row.ts";
import { WatchStore } from "./watch_store.ts";

const NOW = 1_764_043_230_000;
const MINUTE = NOW - NOW % 60_000;

const rowOf = (symbol: string): WatchRow => ({
  symbol,
  name: symbol,
  exchange: "unknown",
  decimals: 2,
  last: null,
  change: null,
  spark: [],
  forecast: null,
  signal: null,
  skill: null,
  feed: {
    symbol,
    status: "live",
    feed: "f",
    delivery: "acked",
    last_tick: NOW,
    lag_ms: 0,
    session: "open",
  },
});

const candle = (c: number, n: number) => ({
  t: MINUTE,
  o: c,
  h: c,
  l: c,
  c,
  v: 1,
  n,
  rev: 0,
  closed: false,
});

/** A browser that paints when it is told to, and streams that say what we say. */
class FakeBrowser implements Disposable {
  readonly streams: FakeStream[] = [];
  readonly #frames: (() => void)[] = [];
  readonly #real = { EventSource: globalThis.EventSource };

  constructor() {
    const { streams } = this;
    Object.assign(globalThis, {
      EventSource: class extends FakeStream {
        constructor(url: string) {
          super(url);
          streams.push(this);
        }
      },
      requestAnimationFrame: (callback: () => void) =>
        this.#frames.push(callback),
      cancelAnimationFrame: () => {},
    });
  }

  /** Paints; returns how many callbacks waited for it. */
  paint(): number {
    const waiting = this.#frames.splice(0);
    for (const callback of waiting) callback();
    return waiting.length;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
    for (const name of ["requestAnimationFrame", "cancelAnimationFrame"]) {
      Reflect.deleteProperty(globalThis, name);
    }
  }
}

class FakeStream extends EventTarget {
  readonly readyState = 1;

  constructor(readonly url: string) {
    super();
  }

  tell(name: string, data: unknown): void {
    this.dispatchEvent(
      new MessageEvent(name, { data: JSON.stringify(data) }),
    );
  }

  close(): void {}
}

Deno.test("one stream tells rows in view once a frame, the others never", () => {
  using browser = new FakeBrowser();
  const store = new WatchStore(["A", "B", "C"].map(rowOf), NOW);
  const told: string[] = [];
  for (const symbol of ["A", "B"]) {
    store.listen(symbol, () => told.push(symbol));
  }
  const leave = store.listen("C", () => told.push("C"));
  leave();
  const stop = store.connect();
  try {
    const [stream, ...more] = browser.streams;
    assert.deepEqual(more, []);
    for (let n = 1; n <= 50; n++) {
      for (const symbol of ["A", "C"]) {
        stream.tell("candle", { symbol, candle: candle(100 + n, n) });
      }
    }
    assert.deepEqual(told, [], "before the frame");
    assert.equal(browser.paint(), 1);
    assert.deepEqual(told, ["A"]);
    for (const symbol of ["A", "C"]) {
      assert.equal(store.rows.get(symbol)?.last?.c, 150);
    }
    assert.equal(browser.paint(), 0, "nothing came since");
    stream.tell("candle", { symbol: "B", candle: candle(7, 1) });
    assert.equal(browser.paint(), 1);
    assert.deepEqual(told, ["A", "B"]);
  } finally {
    stop();
  }
});

Deno.test("a screen full of rows is told in a few frames, each row once", () => {
  using browser = new FakeBrowser();
  const symbols = Array.from({ length: 20 }, (_, i) => `S${i}`);
  const store = new WatchStore(symbols.map(rowOf), NOW);
  const told: string[] = [];
  for (const symbol of symbols) store.listen(symbol, () => told.push(symbol));
  const stop = store.connect();
  try {
    const [stream] = browser.streams;
    for (const symbol of symbols) {
      stream.tell("candle", { symbol, candle: candle(1, 1) });
    }
    browser.paint();
    const first = told.length;
    assert.ok(first > 0 && first < symbols.length, `${first} in one frame`);
    // The row that changes on and on does not keep the others waiting.
    stream.tell("candle", { symbol: "S0", candle: candle(2, 2) });
    while (browser.paint() > 0);
    assert.deepEqual(told, [...symbols, "S0"]);
  } finally {
    stop();
  }
});
